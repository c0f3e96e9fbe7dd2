mod a {
    terrace_plugin_api::export_pack! {}
}
mod b {
    terrace_plugin_api::export_pack! { name: Math, task: [] }
}
mod c {
    terrace_plugin_api::export_pack! { name: Math, tasks: [] }
}
mod d {
    terrace_plugin_api::export_pack! { name: math, tasks: ["add"] }
}
mod e {
    terrace_plugin_api::export_pack! { name: math, name: math, tasks: [add] }
}

fn main() {}

mod a {
    terrace_plugin_api::export_pack! { name: math, tasks: [add], interfaces: ["tables"] }
}
mod b {
    terrace_plugin_api::export_pack! { name: math, tasks: [add], interfaces: [], interfaces: [] }
}

fn main() {}

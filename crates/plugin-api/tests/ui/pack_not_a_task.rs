fn plain(x: i64) -> i64 {
    x
}

terrace_plugin_api::export_pack! { name: math, tasks: [plain, missing] }

fn main() {}

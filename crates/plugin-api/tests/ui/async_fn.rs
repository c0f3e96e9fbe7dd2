use terrace_plugin_api::task;

#[task]
async fn fetch(url: String) -> String {
    url
}

fn main() {}

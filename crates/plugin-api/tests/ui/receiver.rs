use terrace_plugin_api::task;

struct Adder(i64);

impl Adder {
    #[task]
    fn add(&self, x: i64) -> i64 {
        self.0 + x
    }
}

fn main() {}

use terrace_plugin_api::{export_pack, task, Interface, Offer};

#[repr(C)]
#[derive(Interface)]
#[interface(name = "math.tables/1")]
struct Tables {
    size: u64,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "math.tables/1")]
struct Other {
    size: u64,
}

static TABLES: Offer<Tables> = Offer::new(Tables { size: 1 });
static OTHER: Offer<Other> = Offer::new(Other { size: 1 });
static BARE: Tables = Tables { size: 1 };

#[task]
fn add(x: i64) -> i64 {
    x
}

mod twice {
    use super::*;
    export_pack! { name: twice, tasks: [add], interfaces: [TABLES, OTHER] }
}
mod bare {
    use super::*;
    export_pack! { name: bare, tasks: [add], interfaces: [BARE] }
}
mod missing {
    use super::*;
    export_pack! { name: missing, tasks: [add], interfaces: [NOWHERE] }
}

fn main() {}

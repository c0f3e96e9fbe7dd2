//! A pack to be measured: tasks that do next to nothing, one for each number of arguments.
#![forbid(unsafe_code)]
#![expect(
    clippy::too_many_arguments,
    reason = "one of the sums has eight: as many as a node of the graphs"
)]

use std::time::{SystemTime, UNIX_EPOCH};

use terrace_bench_packs::Entries;
use terrace_plugin_api::{Offer, TaskEntry, TaskError, export_pack, task};

macro_rules! sums {
    ($($name:ident($($port:ident),*);)*) => {$(
        /// 1 plus its arguments. Wrapping, so that no graph is too large.
        #[task(pure)]
        fn $name($($port: i64),*) -> i64 {
            1_i64$(.wrapping_add($port))*
        }
    )*};
}
sums! {
    sum0();
    sum1(a);
    sum2(a, b);
    sum3(a, b, c);
    sum4(a, b, c, d);
    sum5(a, b, c, d, e);
    sum6(a, b, c, d, e, f);
    sum7(a, b, c, d, e, f, g);
    sum8(a, b, c, d, e, f, g, h);
}

/// The sum of two integers, or an error where it is too large.
#[task(pure)]
fn add(x: i64, y: i64) -> Result<i64, TaskError> {
    x.checked_add(y).ok_or_else(|| TaskError::msg("the sum is too large"))
}

/// Nanoseconds since 1970.
#[task]
fn now() -> i64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

extern "C" fn entry(at: u64) -> Option<&'static TaskEntry> {
    let tasks = pack().module.tasks().as_slice();
    usize::try_from(at).ok().and_then(|at| tasks.get(at))
}

static ENTRIES: Offer<Entries> = Offer::new(Entries { entry });

export_pack! {
    name: bench,
    description: "Sums to be measured.",
    tasks: [sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7, sum8, add, now],
    interfaces: [ENTRIES]
}

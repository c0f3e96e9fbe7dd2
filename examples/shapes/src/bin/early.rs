//! Conditions, and the end of a run before everything has run: fetches only what has changed, and
//! cleans up whatever happened.
//!
//! `cargo run -p example-shapes --bin early`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use terrace::prelude::*;

fn sync(engine: &Engine) -> Result<(Workflow, Handle<String>), Error> {
    let wf = engine.workflow("sync");
    let here = wf.input::<i64>("here");
    let there = wf.input::<i64>("there");

    // With nothing to do the run ends here, and has succeeded.
    let same = wf.call(|here: i64, there: i64| here == there, (&here, &there));
    let done = wf.succeed().named("done").when(&same);

    // A condition is a value like any other. A node whose condition does not hold is skipped: it
    // has not failed, and what takes its value as an `Option` is given `None`.
    let behind = wf.call(|here: i64, there: i64| here < there, (&here, &there)).after(&done);
    let fetched = wf
        .try_call(
            |here: i64, there: i64| match there - here {
                missing @ ..100 => Ok(missing),
                missing => Err(TaskError::msg(format!("{missing} versions are too many"))),
            },
            (&here, &there),
        )
        .named("fetch")
        .when(&behind);
    let told = wf
        .call(
            |fetched: Option<i64>| match fetched {
                Some(count) => format!("fetched {count}"),
                None => "ahead of the others".to_owned(),
            },
            (&fetched,),
        )
        .named("tell");
    wf.output("told", &told);

    // Runs only where something has failed.
    let undo = wf.call(|| println!("  rolled back"), ()).named("undo");
    let undo = undo.after(&fetched).run_if(RunIf::Failure);
    // Runs whatever became of what it waits for, and after an early end too.
    let clean_up = wf.call(|| println!("  cleaned up"), ()).named("clean_up");
    let _ = clean_up.after(&told).after(&undo).run_if(RunIf::Always);
    Ok((engine.build(wf)?, told))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder().build()?;
    let (sync, told) = sync(&engine)?;
    for (here, there) in [(7, 7), (5, 7), (9, 7), (5, 1_000)] {
        println!("{here} {there}");
        let report =
            engine.run(&sync, &RunRequest::new().input("here", here).input("there", there))?;
        let told = report.get(&told).unwrap_or_else(|_| "nothing".to_owned());
        println!("  {:?}: {told}", report.status);
    }
    Ok(())
}

//! Map, gather, reduce: one body once per item, for as many items as the run finds.
//!
//! `cargo run -p example-shapes --bin map`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use terrace::prelude::*;

/// The letters of a word, as a type of the program's own: between closures no value is converted.
#[derive(Clone)]
struct Letters(Vec<char>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder().build()?;
    let wf = engine.workflow("map");
    let text = wf.input::<String>("text").with_default("to be or not to be".to_owned());

    // How many words there are is known when this has run, and not before.
    let words = wf.call_ref(
        |text: &String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        (&text,),
    );

    // The body may be several nodes, and sees what is around it: here `shift`. The results are in
    // the order of the words, whoever was done first.
    let shift = wf.call(|| 1_u32, ());
    let moved: Handle<Vec<String>> = wf.map(&words, |body, word| {
        let letters = body.call(|word: String| Letters(word.chars().collect()), (&word,));
        body.call(
            |letters: Letters, by: u32| -> String {
                let moved = letters.0.iter().map(|&letter| char::from_u32(u32::from(letter) + by));
                moved.flatten().collect()
            },
            (&letters, &shift),
        )
    });

    // Chunks save overhead where the items are small, and a reduction keeps no list. `associative`
    // says that any grouping gives the same, so pairs are joined as a tree while others still run.
    let length = wf
        .over(&words)
        .chunk(2)
        .reduce(associative(|a: usize, b: usize| a + b))
        .map(|body, word| body.call(|word: String| word.len(), (&word,)));

    // Two lists side by side, with the index of each pair; a fold starts with a value of its own.
    let lines = wf
        .over(&words)
        .zip(&moved)
        .enumerate()
        .fold(String::new(), |mut text: String, line: String| {
            text.push_str(&line);
            text
        })
        .map(|body, (at, (word, moved))| {
            let line = |at: i64, word: String, moved: String| format!("{at} {word} {moved}\n");
            body.call(line, (&at, &word, &moved))
        });

    // With outcomes a failure is a value: the others stay, each in its place.
    let halves = wf.over(&words).outcomes().map(|body, word| {
        let half = |word: String| match word.len() % 2 {
            0 => Ok(word[..word.len() / 2].to_owned()),
            _ => Err(TaskError::msg(format!("`{word}` has no half"))),
        };
        body.try_call(half, (&word,))
    });
    let halves = wf.call(
        |all: Vec<Outcome>| {
            let half = |one: &Outcome| one.get::<String>().unwrap_or_else(|| "-".to_owned());
            all.iter().map(half).collect::<Vec<_>>().join(" ")
        },
        (&halves,),
    );
    // What is no output is let go when nobody needs it any more, unless it is to be kept.
    wf.keep_all();

    let wf = engine.build(wf)?;
    let report = engine.run(&wf, &RunRequest::new())?;
    println!("moved: {}", report.get(&moved)?.join(" "));
    println!("letters: {}", report.get(&length)?);
    println!("halves: {}", report.get(&halves)?);
    print!("{}", report.get(&lines)?);
    Ok(())
}

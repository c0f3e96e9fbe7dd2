//! Every file in `examples/` runs through the real command and gives the answer that
//! `examples/README.md` states.
//!
//! A row here repeats the file, the command's addition and the answer of a row there, word for word,
//! beside what holds the answer to it: [`every_row_and_every_file_is_held`] fails where either table
//! has a row or a file that the other has not. How an example is run: [`ways`]. Those whose answer
//! another program gives: [`commands`].

mod commands;
mod ways;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;
use terrace_tests::{root, terrace};

use crate::support::{document, node};
use ways::{Example, at_once, ended, ended_first, spans, started};

/// Names a test for each row of the table, and lists the rows.
macro_rules! answers {
    ($($test:ident: $file:literal $(+ $adds:literal)? => $answer:literal, $check:expr;)*) => {
        /// File, what the command adds, answer.
        const ROWS: &[(&str, &str, &str)] = &[$(($file, concat!($($adds)?), $answer)),*];
        $(#[test]
        fn $test() {
            let check: fn(Example) = $check;
            check(Example { name: $file });
        })*
    };
}

// Whole examples.
answers! {
    hydrogen_has_its_published_energy: "vqe-h2" => "energy −1.1373060274 Ha", |vqe| {
        vqe.every_way(&[]).levels(&[1, 5, 1]).gives(json!({ "energy": -1.1373060274 }));
    };
    hydrogen_has_it_at_other_angles_too: "vqe-h2" + "`--input theta=0`, `--input theta=0.5`"
        => "−1.1169989968, −0.9328269987", |vqe| {
        for (theta, energy) in
            [("theta=0", -1.1169989968), ("theta=0.5", -0.9328269987), ("theta=-0.22354", -1.1373060358)]
        {
            vqe.once(&["--input", theta]).gives(json!({ "energy": energy }));
        }
    };
    hydrogen_is_drawn_with_its_output_in_blue: "vqe-h2"
        + "`terrace graph examples/vqe-h2.yaml --format dot`"
        => "`rankdir=TB`, outputs light blue", |_| {
        let dot = terrace(&["graph", "examples/vqe-h2.yaml", "--format", "dot"]).stdout;
        assert!(dot.contains("rankdir=TB;"), "{dot}");
        let blue: Vec<&str> = dot.lines().filter(|line| line.contains("fillcolor=lightblue")).collect();
        assert!(matches!(blue[..], [one] if one.contains("label=\"compute_energy\"")), "{dot}");
        let mermaid = terrace(&["graph", "examples/vqe-h2.yaml", "--format", "mermaid"]).stdout;
        assert!(mermaid.starts_with("flowchart TB\n"), "{mermaid}");
        assert!(mermaid.contains("classDef output fill:lightblue\n  class n6 output"), "{mermaid}");
    };
    hydrogen_has_the_same_energy_by_a_map: "vqe-map" => "−1.1373060274", |vqe| {
        vqe.every_way(&[]).gives(json!({ "energy": -1.1373060274 }));
    };
    hydrogen_comes_to_its_ground_state: "vqe-minimum"
        => "−1.1373060358 ± 1e-9 at θ = −0.22354, after 9 passes", |vqe| {
        for document in &vqe.every_way(&[]).documents {
            let found = &document["outputs"];
            assert!((found["energy"].as_f64().unwrap() + 1.1373060358).abs() < 1e-9, "{found}");
            assert!((found["theta"].as_f64().unwrap() + 0.22354).abs() < 1e-5, "{found}");
            assert_eq!(found["passes"], 9);
        }
    };
    three_waits_overlap: "waits" => "[a, b, c] in 2 s, not 6", |waits| {
        let runs = waits.once(&[]);
        runs.gives(json!({ "all": ["a", "b", "c"] }));
        let waits = spans(runs.first(), |name| name.starts_with("task_"));
        assert_eq!((waits.len(), at_once(&waits)), (3, 3), "{waits:?}");
        assert!(waits.iter().all(|wait| wait.end - wait.start >= 2.0), "{waits:?}");
    };
    five_searches_overlap_and_one_failure_keeps_to_itself: "research"
        => "four found, no `youtube`; 0.15 dollars; 3 s, not 15", |research| {
        let runs = research.once(&[]);
        let outputs = &runs.first()["outputs"];
        let sources = ["amazon_reviews", "reddit", "youtube", "price_sites", "expert_reviews"];
        let found = outputs["found"].as_object().unwrap();
        let expected: Vec<_> = sources.into_iter().filter(|source| *source != "youtube").collect();
        assert_eq!(found.keys().collect::<Vec<_>>(), expected);
        assert!(found.iter().all(|(source, text)| *text == format!("kettle on {source}")), "{found:?}");
        let outcomes = outputs["outcomes"].as_object().unwrap();
        assert_eq!(outcomes.keys().collect::<Vec<_>>(), sources);
        assert_eq!(outcomes["youtube"]["status"], "failed");
        assert!((outputs["dollars"].as_f64().unwrap() - 0.15).abs() < 1e-9);
        let waits = spans(runs.first(), |name| name.ends_with(".wait"));
        assert_eq!((waits.len(), at_once(&waits)), (5, 5), "{waits:?}");
    };
    three_analyses_overlap: "analyses"
        => "positive; [AI, technology]; About: input text; 2 s, not 6", |analyses| {
        let runs = analyses.once(&[]);
        runs.gives(json!({
            "sentiment": "positive",
            "entities": ["AI", "technology"],
            "summary": "About: input text",
        }));
        let parts = spans(runs.first(), |name| name.starts_with("analyse."));
        assert_eq!((parts.len(), at_once(&parts)), (3, 3), "{parts:?}");
    };
    chunks_of_users_overlap_and_users_of_a_chunk_do_not: "users"
        => "1000, checksum 499500; 2.11 s, not 20", |users| {
        let runs = users.once(&[]);
        runs.gives(json!({ "users": 1000, "checksum": 499_500 }));
        let mut chunks = Vec::new();
        for chunk in 0..10 {
            let prefix = format!("process[{chunk}].each[");
            let users = spans(runs.first(), |name| name.starts_with(&prefix));
            assert_eq!((users.len(), at_once(&users)), (100, 1));
            chunks.push(ways::hull(&users));
        }
        assert_eq!(at_once(&chunks), 10, "{chunks:?}");
        for (first, second) in [("fetch", "split"), ("split", "process"), ("merge", "write")] {
            assert!(ended_first(runs.first(), first, second), "{first} {second}");
        }
    };
    five_hundred_requests_go_fifty_at_a_time: "urls" => "500; 0.1 s, not 5", |urls| {
        let expected = json!({ "checked": 500, "last": "https://example.org/499" });
        for (unit, at_least) in [("0.01", 1), ("0.2", 50)] {
            let runs = urls.once(&["--input", &format!("unit={unit}")]);
            runs.gives(expected.clone());
            let requests = spans(runs.first(), |name| name.starts_with("check["));
            assert_eq!(requests.len(), 500);
            assert!((at_least..=50).contains(&at_once(&requests)), "{}", at_once(&requests));
        }
    };
    a_simulated_price_has_the_same_bits_every_way: "black-scholes"
        => "call 10.4505835722, put 5.5735260223; simulated 10.432650581673794 ± 0.0147, the same bits for any `size`",
        |options| {
        let mut runs = options.every_way(&[]).documents;
        for size in ["size=999", "size=1000000"] {
            runs.extend(options.once(&["--input", size]).documents);
        }
        for document in &runs {
            let found = |name: &str| document["outputs"][name].as_f64().unwrap();
            assert!((found("call") - 10.4505835722).abs() < 1e-9, "{document}");
            assert!((found("put") - 5.5735260223).abs() < 1e-9, "{document}");
            assert_eq!(found("simulated").to_bits(), 10.432650581673794_f64.to_bits());
            assert_eq!(found("standard_error").to_bits(), 0.014710448538327805_f64.to_bits());
        }
    };
    primes_are_counted: "primes" => "664579, sum 3203324994356", |primes| {
        primes.every_way(&[]).gives(json!({ "count": 664_579, "sum": 3_203_324_994_356_i64 }));
        let few = ["--input", "limit=100000", "--input", "size=777"];
        primes.every_way(&few).gives(json!({ "count": 9592, "sum": 454_396_537 }));
    };
    the_mandelbrot_set_is_drawn: "mandelbrot" + "`--input path=/tmp/m.png`"
        => "19864 inside, 5571138 iterations", |set| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("set.png");
        let path = file.to_str().unwrap();
        set.every_way(&["--input", &format!("path={path}")])
            .gives(json!({ "inside": 19_864, "iterations": 5_571_138, "file": path }));
        let read = std::io::BufReader::new(fs::File::open(&file).unwrap());
        let mut reader = png::Decoder::new(read).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height), (400, 300));
        assert_eq!((frame.color_type, frame.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        // Black is inside.
        let black = pixels.chunks(3).filter(|pixel| *pixel == [0, 0, 0]).count();
        assert_eq!(black, 19_864);
        // Nothing is written where nobody said.
        let ran = terrace(&["run", "examples/mandelbrot.yaml"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("`path`"), "{}", ran.stderr);
    };
    queens_are_counted: "queens" + "`--input n=8`, `10`, `12`, `13`, `14`"
        => "92, 724, 14200, 73712, 365596", |queens| {
        for (n, solutions) in [("n=8", 92), ("n=10", 724), ("n=12", 14_200)] {
            queens.every_way(&["--input", n]).gives(json!({ "solutions": solutions }));
        }
        for (n, solutions) in [("n=13", 73_712), ("n=14", 365_596)] {
            queens.once(&["--input", n]).gives(json!({ "solutions": solutions }));
        }
        // However much of the board becomes nodes.
        for depth in ["0", "1", "3", "8"] {
            let depth = format!("split_depth={depth}");
            queens.every_way(&["--input", &depth]).gives(json!({ "solutions": 92 }));
        }
    };
    merge_sort_sorts: "merge-sort" => "sorted, same sum, 10000 long, smallest 490409", |sort| {
        sort.every_way(&[]).gives(json!({
            "is_sorted": true, "same_sum": true, "length": 10_000, "smallest": 490_409,
        }));
        let runs = sort.once(&["--target", "random", "--target", "sorted", "--input", "cutoff=40"]);
        let list = |name: &str| -> Vec<i64> {
            let values = &runs.first()["outputs"][name];
            values.as_array().unwrap().iter().map(|value| value.as_i64().unwrap()).collect()
        };
        let mut expected = list("random");
        assert_eq!(expected.len(), 10_000);
        expected.sort_unstable();
        assert_eq!(list("sorted"), expected);
    };
    words_are_counted_as_uniq_does: "word-count" + "`--input folder=… --input extension=rs`"
        => "as `tr`, `sort`, `uniq -c`", commands::count;
    words_are_found_where_grep_finds_them: "word-index" + "`--input folder=… --input word=…`"
        => "as `grep -lw`, and as `word-count`", commands::index;
    a_folder_is_hashed_as_sha256sum_does: "tree-hash" + "`--input folder=examples/configs`"
        => "root 6a97cb8394fce17619e2c4b0e6999339a65c4e0531d94b23b4917c3d60928d94, as `sha256sum`",
        commands::hash;

    // Building the graph.
    results_of_calls_make_edges: "sums" => "10; levels 2 and 1 wide", |sums| {
        sums.every_way(&[]).levels(&[2, 1]).gives(json!({ "sum": 10 }));
    };
    one_output_feeds_many: "fan-out" => "131; {a: 11, b: 20}; levels 1, 3, 2", |fan| {
        fan.every_way(&[])
            .levels(&[1, 3, 2])
            .gives(json!({ "total": 131, "named": { "a": 11, "b": 20 } }));
    };
    ten_items_come_out_in_their_order: "map-reduce" => "[0, 3, …, 27], 135", |map| {
        map.every_way(&[])
            .gives(json!({ "results": [0, 3, 6, 9, 12, 15, 18, 21, 24, 27], "total": 135 }));
    };
    a_diamond_has_three_levels: "diamond" => "70; levels 2, 1, 1", |diamond| {
        diamond.every_way(&[]).levels(&[2, 1, 1]).gives(json!({ "result": 70 }));
    };
    pipelines_wait_for_each_other_under_strict_levels_only: "pipelines"
        => "3; 0.4 s, with strict levels 0.6 s", |pipelines| {
        let expected = json!({ "sum": 3 });
        let dataflow = pipelines.once(&[]);
        dataflow.gives(expected.clone());
        assert!(started(dataflow.first(), "y2") < ended(dataflow.first(), "x1"));
        let levels = pipelines.once(&["--order", "levels"]);
        levels.gives(expected);
        // It waits 0.3 s itself, beginning when all of level 0 has ended.
        assert!(ended(levels.first(), "y2") - 0.3 >= ended(levels.first(), "x1"));
    };
    a_sequence_is_one_node_a_level: "sequence" => "19", |sequence| {
        sequence.every_way(&[]).levels(&[1, 1, 1]).gives(json!({ "result": 19 }));
    };
    an_edge_that_nobody_reads_orders_all_the_same: "accidental" => "5; levels 2, 1, 1", |edge| {
        let runs = edge.every_way(&[]);
        runs.levels(&[2, 1, 1]).gives(json!({ "sum": 5 }));
        assert!(runs.documents.iter().all(|document| ended_first(document, "a", "b")));
    };
    without_that_edge_there_are_two_levels: "clean" => "6; levels 3, 1", |clean| {
        clean.every_way(&[]).levels(&[3, 1]).gives(json!({ "sum": 6 }));
    };
    a_cycle_is_named: "broken/cycle" + "`terrace check examples/broken/cycle.yaml`"
        => "exit 2, `a.x ← b`, `b.x ← a`", |cycle| {
        for verb in ["check", "run"] {
            let ran = terrace(&[verb, &cycle.file()]);
            assert_eq!(ran.code, 2, "{}", ran.stderr);
            assert!(ran.stderr.contains("depend on each other: a.x ← b, b.x ← a"), "{}", ran.stderr);
        }
        let ran = terrace(&["check", "--json", &cycle.file()]);
        assert_eq!(ran.code, 2);
        assert_eq!(document(&ran)["status"], "invalid");
    };
    additions_written_out_are_a_loop: "for-loop" => "[0, 2, 4, 6], 12", |additions| {
        additions.every_way(&[]).levels(&[4, 1]).gives(json!({ "sums": [0, 2, 4, 6], "total": 12 }));
    };
    a_task_gives_a_workflow: "graph-builder"
        => "{sum_0: 0, sum_1: 2, sum_2: 4, sum_3: 6}, 12", |builder| {
        let sums = json!({ "sum_0": 0, "sum_1": 2, "sum_2": 4, "sum_3": 6 });
        let runs = builder.every_way(&[]);
        runs.gives(json!({ "sums": sums, "total": 12 }));
        assert_eq!(spans(runs.first(), |name| name.starts_with("sums.sum_")).len(), 4);
    };
    a_keyed_map_gives_a_keyed_map: "map-pairs"
        => "{data_0: 0, data_1: 2, data_2: 4, data_3: 6}, 12", |pairs| {
        let sums = json!({ "data_0": 0, "data_1": 2, "data_2": 4, "data_3": 6 });
        pairs.every_way(&[]).gives(json!({ "sums": sums, "total": 12 }));
        // In the order of the input, whatever its keys are.
        let other = r#"data={"z": {"x": 1, "y": 2}, "a": {"x": 3, "y": 4}}"#;
        pairs.every_way(&["--input", other])
            .gives(json!({ "sums": { "z": 3, "a": 7 }, "total": 10 }));
    };
    a_node_for_each_address_that_was_found: "deep-dive"
        => "{https://a.example/terrace: 25, https://b.example: 17, https://c.example: 17}", |dive| {
        let found = |query: &str| json!({ "found": {
            format!("https://a.example/{query}"): 18 + query.len(),
            "https://b.example": 17,
            "https://c.example": 17,
        } });
        dive.every_way(&[]).gives(found("terrace"));
        dive.once(&["--input", "query=x"]).gives(found("x"));
    };
    chunks_are_mapped_and_joined: "chunks" => "[[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]], 45", |chunks| {
        chunks.every_way(&[])
            .gives(json!({ "chunks": [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]], "total": 45 }));
    };

    // Branches and steps.
    steps_run_in_their_order: "traversal" => "Hello from a function!, Hello World!", |steps| {
        let runs = steps.every_way(&[]);
        runs.levels(&[1, 1, 1, 1]).gives(ways::both_lines());
        for document in &runs.documents {
            for (first, second) in [("stub", "function"), ("function", "command"), ("command", "notebook")] {
                assert!(ended_first(document, first, second), "{first} {second} {document}");
            }
        }
    };
    a_workflow_runs_in_another_twice: "parallel" => "both, each with both lines", |parallel| {
        parallel.every_way(&[]).gives(json!({ "output": ways::two(&ways::both_lines()) }));
    };
    what_follows_branches_waits_for_both: "branches" => "as `parallel`", |branches| {
        let runs = branches.every_way(&[]);
        runs.gives(json!({ "said": ways::two(&ways::both_lines()) }));
        for document in &runs.documents {
            assert!(ended_first(document, "parallel_step", "continue_to"));
        }
    };
    branches_have_branches: "nested" => "four times both lines", |nested| {
        nested.every_way(&[]).gives(json!({ "said": ways::two(&ways::two(&ways::both_lines())) }));
    };
    a_function_of_another_language_takes_and_gives_json: "python-function" => "Hello world!", |function| {
        function.every_way(&[]).gives(json!({ "said": "Hello world!" }));
        function.once(&["--input", "name=Ada"]).gives(json!({ "said": "Hello Ada!" }));
    };
    a_run_ends_early_with_success: "success-early" => "null, at once", |early| {
        let runs = early.every_way(&[]);
        runs.gives(json!({ "worked_on": null }));
        for document in &runs.documents {
            // It would have taken a minute.
            assert!(document["seconds"].as_f64().unwrap() < 60.0, "{document}");
            assert_eq!(node(document, "work")["status"], "skipped");
            assert_eq!(node(document, "clean_up")["status"], "ok");
        }
    };
    with_something_to_do_it_does_not: "success-early"
        + "`--input 'files=[\"a\", \"b\"]' --input seconds=0.1`" => "2", |early| {
        let runs = early.every_way(&["--input", r#"files=["a", "b"]"#, "--input", "seconds=0.1"]);
        runs.gives(json!({ "worked_on": 2 }));
        for document in &runs.documents {
            assert_eq!(node(document, "done")["status"], "skipped");
            assert!(ended_first(document, "work", "clean_up"));
        }
    };

    // Levels and control.
    layers_are_longest_paths: "layers" => "[1, 1]; levels A0 B1 C1 D2; 3 units, not 4", |layers| {
        let runs = layers.every_way(&[]);
        runs.levels(&[1, 2, 1]).gives(json!({ "D": [1, 1] }));
        for (name, level) in [("A", 0), ("B", 1), ("C", 1), ("D", 2)] {
            assert_eq!(node(runs.first(), name)["level"], level, "{name}");
        }
        let units = layers.once(&["--input", "unit=0.4"]);
        assert_eq!(at_once(&spans(units.first(), |name| matches!(name, "B" | "C"))), 2);
    };
    a_layer_waits_because_it_takes_all: "dashboard" => "{title, user, orders, settings}", |page| {
        let runs = page.every_way(&[]);
        runs.gives(json!({ "page": {
            "title": "Home",
            "user": { "id": 42, "name": "Ada" },
            "orders": [7, 8],
            "settings": { "theme": "dark" },
        } }));
        assert!(ended_first(runs.first(), "login", "fetch") && ended_first(runs.first(), "fetch", "page"));
    };
    five_tasks_go_three_at_a_time: "limited" => "[0, 1, 2, 3, 4]", |limited| {
        let work = |name: &str| name.starts_with("work[");
        let expected = json!({ "done": [0, 1, 2, 3, 4] });
        let runs = limited.every_way(&[]);
        runs.gives(expected.clone());
        for document in &runs.documents {
            assert!(at_once(&spans(document, work)) <= 3, "{document}");
        }
        let long = limited.once(&["--input", "seconds=0.5"]);
        long.gives(expected);
        assert_eq!(at_once(&spans(long.first(), work)), 3);
    };
    without_a_pool_they_go_in_sequence: "limited" + "`--workers 0`" => "the same", |limited| {
        let runs = limited.once(&["--workers", "0"]);
        runs.gives(json!({ "done": [0, 1, 2, 3, 4] }));
        let work = spans(runs.first(), |name| name.starts_with("work["));
        assert_eq!((work.len(), at_once(&work)), (5, 1));
    };
    files_are_read_beside_the_workflow_and_merged: "configs"
        => "{port: 8080, log: {level: debug, file: app.log}, features: [a, b], name: mine}", |configs| {
        let expected = json!({ "config": {
            "port": 8080,
            "log": { "level": "debug", "file": "app.log" },
            "features": ["a", "b"],
            "name": "mine",
        } });
        configs.every_way(&[]).gives(expected.clone());
        configs.elsewhere().gives(expected);
    };
    no_update_is_lost: "counter" => "5, not 1", |counter| {
        counter.every_way(&[]).gives(json!({ "counter": 5 }));
    };
    a_failure_stops_only_what_depends_on_it: "partial"
        => "exit 1; `others` 4, `task2` failed, `all` skipped", |partial| {
        for document in partial.every_way_failing(1).documents {
            assert_eq!(document["outputs"], json!({ "others": 4 }));
            assert_eq!(node(&document, "task2")["status"], "failed");
            let all = node(&document, "all");
            assert_eq!((&all["status"], &all["cause"]), (&json!("skipped"), &json!("task2")));
        }
    };
    a_hundred_calls_go_ten_at_a_time: "semaphore" => "100, last 99", |semaphore| {
        let calls = |name: &str| name.starts_with("calls[");
        let expected = json!({ "calls": 100, "last": 99 });
        let runs = semaphore.every_way(&[]);
        runs.gives(expected.clone());
        for document in &runs.documents {
            assert!(at_once(&spans(document, calls)) <= 10, "{document}");
        }
        let long = semaphore.once(&["--input", "seconds=0.2"]);
        long.gives(expected);
        assert_eq!(at_once(&spans(long.first(), calls)), 10);
    };
    results_stand_under_their_names: "by-name" => "{a: first, b: second, c: third}", |names| {
        names.every_way(&[])
            .gives(json!({ "results": { "a": "first", "b": "second", "c": "third" } }));
    };
}

/// A row of the tables in `examples/README.md`: file, what the command adds, answer.
type Row = (String, String, String);

/// What the tables in `examples/README.md` say of the examples that run, and the names of the
/// planned ones.
fn stated() -> (BTreeSet<Row>, BTreeSet<String>) {
    let text = fs::read_to_string(root().join("examples/README.md")).unwrap();
    let (mut rows, mut planned, mut name) = (BTreeSet::new(), BTreeSet::new(), String::new());
    for line in text.lines() {
        let Some(line) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            continue;
        };
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let Some(file) = cells[0].strip_prefix('`') {
            name = file.trim_end_matches('`').to_owned();
        } else if !cells[0].is_empty() {
            // The head of a table.
            continue;
        }
        match cells[..] {
            [_, _, adds, answer, _] => {
                assert!(rows.insert((name.clone(), adds.to_owned(), answer.to_owned())), "{line}");
            }
            [_, _, _, _] => assert!(planned.insert(name.clone()), "{line}"),
            _ => panic!("{} cells in {line}", cells.len()),
        }
    }
    (rows, planned)
}

/// The workflow files in a folder and those inside it, without their extension.
fn files(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), &format!("{prefix}{name}/"), found);
        } else if let Some((name, "yaml" | "yml" | "toml" | "json")) = name.rsplit_once('.') {
            found.insert(format!("{prefix}{name}"));
        }
    }
}

#[test]
fn every_row_and_every_file_is_held() {
    let (stated, planned) = stated();
    let held = ROWS.iter();
    let held: BTreeSet<Row> = held.map(|&(a, b, c)| (a.into(), b.into(), c.into())).collect();
    assert_eq!(held.len(), ROWS.len(), "a row twice");
    let missing: Vec<&Row> = stated.difference(&held).collect();
    assert!(missing.is_empty(), "in examples/README.md and not here: {missing:#?}");
    let missing: Vec<&Row> = held.difference(&stated).collect();
    assert!(missing.is_empty(), "here and not in examples/README.md: {missing:#?}");

    let mut found = BTreeSet::new();
    files(&root().join("examples"), "", &mut found);
    // Data that a workflow reads, and crates.
    found.retain(|name| !name.starts_with("configs/") && !name.ends_with("/Cargo"));
    let mut known: BTreeSet<String> = stated.into_iter().map(|(name, _, _)| name).collect();
    known.extend(planned);
    assert_eq!(found, known, "files in examples/, and rows for them");
}

/// A planned example says which key it waits for, and is refused for that key alone. One that is
/// not any more belongs among the others, with its answer.
#[test]
fn planned_examples_are_refused_for_the_key_they_wait_for() {
    let (_, planned) = stated();
    assert!(!planned.is_empty());
    for name in planned {
        let ran = terrace(&["check", &format!("examples/{name}.yaml"), "--json"]);
        assert_eq!(ran.code, 2, "{name} is supported now: move it out of planned/");
        let document = document(&ran);
        let errors = document["errors"].as_array().unwrap();
        let key = name.rsplit('/').next().unwrap();
        let expected = format!("`{key}` is not supported by this version of Terrace");
        assert!(matches!(&errors[..], [one] if one["message"] == expected), "{name}: {document}");
    }
}

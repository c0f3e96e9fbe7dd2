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

use serde_json::{Value, json};
use terrace_tests::server::Server;
use terrace_tests::{root, terrace};

use crate::simulate::{explain, makespans, simulate};
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
        assert_eq!(*spent(runs.first()), json!([{ "of": "dollars", "budget": "1", "spent": "0.15" }]));
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
    five_hundred_pages_are_asked_for: "urls" + "`--input base=http://host/pages`"
        => "500; of 1 s each in 50 s with ten at a time, in 10 s with fifty", |urls| {
        let server = Server::start();
        let base = format!("base={}", server.url("/page/1"));
        let runs = urls.once(&["--input", &base]);
        assert_eq!(runs.first()["outputs"]["answered"], 500);
        assert!(server.peak() <= 10);
        // More of what the server's log says: `crate::crawl`.
        assert_eq!(server.log().len(), 500);
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
        for document in partial.every_way_failing(&[], 1).documents {
            assert_eq!(document["outputs"], json!({ "others": 4 }));
            assert_eq!(node(&document, "task2")["status"], "failed");
            let all = node(&document, "all");
            assert_eq!((&all["status"], &all["cause"]), (&json!("skipped"), &json!("task2")));
        }
    };
    a_failure_lets_nothing_new_start: "partial" + "`--on-failure stop`"
        => "exit 1; `others` and `all` skipped", |partial| {
        for document in partial.every_way_failing(&["--on-failure", "stop"], 1).documents {
            assert_eq!(document["outputs"], json!({}));
            for name in ["others", "all"] {
                let node = node(&document, name);
                assert_eq!((&node["status"], &node["cause"]), (&json!("skipped"), &json!("task2")));
            }
            // What had started went on to its end.
            for name in ["task1", "task3"] {
                assert!(["ok", "skipped"].contains(&node(&document, name)["status"].as_str().unwrap()));
            }
        }
    };
    failures_that_a_run_survives: "tolerant"
        => "`b` null, [0, null, 2, 3]; ok, b is down; null, It costs 9.99", |tolerant| {
        let runs = tolerant.every_way(&[]);
        runs.gives(json!({
            "least": { "a": "a", "b": null, "c": "c", "d": "d" },
            "most": [0, null, 2, 3],
            "good": "ok",
            "bad": "bad is down",
            "advert": null,
            "page": "It costs 9.99",
        }));
        for document in &runs.documents {
            assert_eq!(document["counts"]["tolerated"], 2);
        }
    };
    two_maps_share_ten_places: "semaphore" => "100, last 99; 10 at a time", |semaphore| {
        let calls = |name: &str| name.starts_with("reads[") || name.starts_with("writes[");
        let expected = json!({ "calls": 100, "last": 99 });
        let runs = semaphore.every_way(&[]);
        runs.gives(expected.clone());
        for document in &runs.documents {
            assert!(at_once(&spans(document, calls)) <= 10, "{document}");
        }
        let long = semaphore.once(&["--input", "seconds=0.2"]);
        long.gives(expected);
        assert_eq!(at_once(&spans(long.first(), calls)), 10);
        assert!(at_once(&spans(long.first(), |name| name.starts_with("writes["))) <= 4);
        let limit = &long.first()["limits"][0];
        assert_eq!((&limit["used"], &limit["starts"]), (&json!(10), &json!(100)));
    };
    memory_holds_eighty: "memory" => "200; 80 at a time", |memory| {
        let expected = json!({ "loaded": 200 });
        let runs = memory.every_way(&[]);
        runs.gives(expected.clone());
        for document in &runs.documents {
            assert!(document["limits"][0]["used"].as_u64().unwrap() <= 8_000_000_000, "{document}");
        }
        let long = memory.once(&["--input", "seconds=0.5"]);
        long.gives(expected);
        assert_eq!(at_once(&spans(long.first(), |name| name.starts_with("load["))), 80);
        let limit = &long.first()["limits"][0];
        assert_eq!((&limit["unit"], &limit["used"]), (&json!("bytes"), &json!(8_000_000_000_u64)));
    };
    no_window_has_more_starts_than_the_rate: "rates" => "25; ten each second, so after 2 s", |rates| {
        let runs = rates.once(&[]);
        runs.gives(json!({ "calls": 25 }));
        let mut starts: Vec<f64> =
            spans(runs.first(), |name| name.starts_with("calls[")).iter().map(|s| s.start).collect();
        starts.sort_by(f64::total_cmp);
        // A start may be seen a little late, which then makes the next seem early.
        assert!(starts.windows(11).all(|some| some[10] - some[0] > 0.75), "{starts:?}");
        assert!(starts[24] >= 2.0, "{starts:?}");
        let limits = runs.first()["limits"].as_array().unwrap();
        assert!(limits.iter().all(|limit| limit["starts"] == 25), "{limits:?}");
    };
    five_calls_cost_fifteen_cents: "budget" => "[0, 1, 2, 3, 4]; 0.15 of 0.15", |budget| {
        let runs = budget.every_way(&[]);
        runs.gives(json!({ "answered": [0, 1, 2, 3, 4] }));
        for document in &runs.documents {
            assert_eq!(spent(document)[0], json!({ "of": "money", "budget": "0.15", "spent": "0.15" }));
        }
    };
    a_sixth_does_not_start: "budget" + "`--input calls=6`" => "exit 5; 0.15 of 0.15", |budget| {
        for document in budget.every_way_failing(&["--input", "calls=6"], 5).documents {
            assert_eq!(spent(&document)[0]["spent"], "0.15");
            assert_eq!(spent(&document)[1]["spent"], "5");
            assert_eq!(node(&document, "call")["error"]["code"], "budget");
        }
    };
    each_level_is_looked_at: "approve" + "`--approve always`" => "sum 60", |approve| {
        let runs = approve.once(&["--approve", "always"]);
        runs.gives(json!({ "sum": 60 }));
        assert_eq!(runs.first()["order"], "levels");
        let drops = r#"echo '{"drop": {"fetch": [0]}}'"#;
        approve.once(&["--approve-with", drops]).gives(json!({ "sum": 50 }));
    };
    without_anybody_to_look_it_stops: "approve" + "`--order dataflow`"
        => "exit 4; no output", |approve| {
        let ran = terrace(&["run", &approve.file(), "--json"]);
        let document = document(&ran);
        assert_eq!((ran.code, &document["status"]), (4, &json!("stopped_at_checkpoint")));
        assert_eq!(document["outputs"], json!({}));
    };
    the_third_attempt_succeeds: "retry" => "`at last`, at the third attempt, after 1 s and 2 s", |retry| {
        let runs = retry.once(&[]);
        runs.gives(json!({ "answer": "at last" }));
        assert_eq!(node(runs.first(), "call")["attempts"], 3);
        assert!(runs.first()["seconds"].as_f64().unwrap() >= 3.0);
    };
    what_takes_too_long_is_given_up: "timeout" => "{task1, task3}; task2 `timed_out`", |timeout| {
        timeout.every_way(&[]).gives(json!({
            "left": { "task1": "task1", "task3": "task3" },
            "slow": "timed_out",
        }));
    };
    the_urgent_run_first: "priority" + "`--workers 1`" => "high before low", |priority| {
        let all = |what: &str| (1..=4).map(|n| format!("{what} {n}")).collect::<Vec<_>>();
        let expected = json!({ "low": all("low"), "high": all("high") });
        priority.every_way(&[]).gives(expected.clone());
        let runs = priority.once(&["--workers", "1"]);
        runs.gives(expected);
        let items = |name: &'static str| spans(runs.first(), move |path| path.starts_with(name));
        assert!(ways::hull(&items("high[")).end <= ways::hull(&items("low[")).start + 1e-9);
    };
    results_stand_under_their_names: "by-name" => "{a: first, b: second, c: third}", |names| {
        names.every_way(&[])
            .gives(json!({ "results": { "a": "first", "b": "second", "c": "third" } }));
    };

    a_diamond_is_three_units: "forecast/diamond"
        + "`terrace simulate examples/forecast/diamond.yaml --workers 1,2`"
        => "4 s, 3 s", |diamond| {
        let document = simulate(&diamond.file(), &["--workers", "1,2"]);
        assert_eq!(makespans(&document), [4.0, 3.0]);
        assert_eq!((&document["work"], &document["critical_path"]), (&json!(4.0), &json!(3.0)));
    };
    three_reads_and_a_merge_are_two_units: "forecast/reads"
        + "`terrace explain examples/forecast/reads.yaml --workers 3`"
        => "2 s, not 4", |reads| {
        let explained = explain(&reads.file(), &["--workers", "3"]);
        assert_eq!((&explained["sequential"], &explained["critical_path"]["time"]), (&json!(4.0), &json!(2.0)));
        assert_eq!(explained["dataflow"]["makespan"], 2.0);
    };
    a_thousand_users_take_211_seconds: "forecast/users"
        + "`terrace simulate examples/forecast/users.yaml --items split=10 --items process.users=100`"
        => "211 s, where the users alone take 2000 s", |users| {
        let items = ["--items", "split=10", "--items", "process.users=100", "--workers", "1,4"];
        let document = simulate(&users.file(), &items);
        assert_eq!(makespans(&document), [211.0, 211.0]);
        // What is around them takes 11 s.
        assert_eq!(document["work"].as_f64().unwrap() - 11.0, 2000.0);
        assert_eq!(document["critical_path"], 211.0);
        assert_eq!(document["tasks"], 4 + 10 * 2 + 1000);
    };
    five_measurements_of_two_seconds: "forecast/vqe"
        + "`terrace explain examples/forecast/vqe.yaml --workers 5`"
        => "2 s at that level, not 10", |vqe| {
        let explained = explain(&vqe.file(), &["--workers", "5"]);
        let level = &explained["levels"][1];
        assert_eq!((&level["longest"], &level["time"]), (&json!("measure"), &json!(2.0)));
        assert_eq!((&explained["sequential"], &explained["dataflow"]["makespan"]), (&json!(10.0), &json!(2.0)));
    };
    five_hundred_urls: "forecast/urls"
        + "`terrace simulate examples/forecast/urls.yaml --items numbers=500`"
        => "50 s ten at a time", |urls| {
        let ten = simulate(&urls.file(), &["--items", "numbers=500", "--workers", "1,8"]);
        assert_eq!((makespans(&ten), &ten["work"]), (vec![50.0, 50.0], &json!(500.0)));
        assert_eq!(ten["rows"][0]["cost"]["money"], "0.5");
        assert_eq!(ten["rows"][0]["utilisation"], Value::Null);
    };
    five_hundred_urls_with_other_limits: "forecast/urls"
        + "the same with `--limits site=50`, `--limits site=1`" => "10 s, 500 s", |urls| {
        for (limit, seconds) in [("site=50", 10.0), ("site=1", 500.0)] {
            let items = ["--items", "numbers=500", "--workers", "1,8", "--limits", limit];
            assert_eq!(makespans(&simulate(&urls.file(), &items)), [seconds, seconds]);
        }
    };
}

/// A row of the tables in `examples/README.md`: file, what the command adds, answer.
type Row = (String, String, String);

/// What a run spent of its budgets.
fn spent(document: &Value) -> &Value {
    &document["spent"]
}

/// What the tables in `examples/README.md` say.
fn stated() -> BTreeSet<Row> {
    let text = fs::read_to_string(root().join("examples/README.md")).unwrap();
    let (mut rows, mut name) = (BTreeSet::new(), String::new());
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
            _ => panic!("{} cells in {line}", cells.len()),
        }
    }
    rows
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
    let stated = stated();
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
    let known: BTreeSet<String> = stated.into_iter().map(|(name, _, _)| name).collect();
    assert_eq!(found, known, "files in examples/, and rows for them");
}

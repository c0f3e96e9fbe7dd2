use super::*;

fn s(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn busy() -> View {
    let node = |name: &str, elapsed| Running {
        name: name.to_owned(),
        elapsed: s(elapsed),
        says: None,
        items: None,
    };
    View {
        name: "nightly-crawl".to_owned(),
        elapsed: s(63.4),
        done: 412_345,
        total: 1_000_004,
        left: Some(s(94.0)),
        levels: vec![Level { level: 1, done: 2, total: 9 }, Level { level: 2, done: 0, total: 3 }],
        all_levels: 5,
        running: vec![
            Running { items: Some((412_341, 1_000_000)), ..node("fetch", 61.0) },
            Running { says: Some((0.45, "12 of 30 MB".to_owned())), ..node("archive.left", 12.3) },
            Running { says: Some((1.0, String::new())), ..node("archive.right", 9.96) },
            node("a-name-that-is-far-longer-than-anybody-would-like-to-read-it", 700.0),
            node("測定を繰り返す", 0.04),
            node("sixth", 0.0),
            node("seventh", 0.0),
        ],
        pauses: vec![
            Pause {
                name: "fetch[17]".to_owned(),
                attempt: 2,
                left: s(0.4),
                error: "503 Service\nUnavailable".to_owned(),
            },
            Pause {
                name: "fetch[21]".to_owned(),
                attempt: 3,
                left: s(8.0),
                error: "timed out".to_owned(),
            },
            Pause {
                name: "fetch[30]".to_owned(),
                attempt: 3,
                left: s(9.0),
                error: "timed out".to_owned(),
            },
        ],
        held: vec![
            Held { limit: "api".to_owned(), units: 1_204, next: Some(s(0.75)) },
            Held { limit: "memory".to_owned(), units: 2, next: None },
        ],
        failed: 2,
        skipped: 1,
        retried: 14,
        abandoned: 0,
    }
}

fn shown(view: &View, columns: usize) -> String {
    view.lines(columns, 20, Paint::Plain).join("\n")
}

#[test]
fn in_80_columns() {
    insta::assert_snapshot!(shown(&busy(), 80), @r"
    1:03  ━━━━━━━━━━━──────────────────  412,345 of 1,000,004  about 1 min 30 s left
      Level 1                              ━━━━────────────────  2 of 9
      Level 2                              ────────────────────  0 of 3
      fetch                          61 s  ━━━━━━━────────────  412,341 of 1,000,000
      archive.left                   12 s  45 %  12 of 30 MB
      archive.right                10.0 s  100 %
      a-name-that-is-far-longer…    11:40
      測定を繰り返す                0.0 s
      … and 2 more running
      fetch[17]: attempt 2 in 0.4 s, since 503 Service Unavailable
      fetch[21]: attempt 3 in 8.0 s, since timed out
      … and 1 more to be tried again
      1,204 waiting for api, next in 0.8 s
      2 waiting for memory
      2 failed, 1 skipped, 14 tried again
    ");
}

#[test]
fn in_120_columns() {
    insta::assert_snapshot!(shown(&busy(), 120), @r"
    nightly-crawl  1:03  ━━━━━━━━━━━━━───────────────────  412,345 of 1,000,004  about 1 min 30 s left
      Level 1                                    ━━━━────────────────  2 of 9
      Level 2                                    ────────────────────  0 of 3
      fetch                                61 s  ━━━━━━━━────────────  412,341 of 1,000,000
      archive.left                         12 s  45 %  12 of 30 MB
      archive.right                      10.0 s  100 %
      a-name-that-is-far-longer-than-…    11:40
      測定を繰り返す                      0.0 s
      … and 2 more running
      fetch[17]: attempt 2 in 0.4 s, since 503 Service Unavailable
      fetch[21]: attempt 3 in 8.0 s, since timed out
      … and 1 more to be tried again
      1,204 waiting for api, next in 0.8 s
      2 waiting for memory
      2 failed, 1 skipped, 14 tried again
    ");
}

#[test]
fn in_40_columns() {
    insta::assert_snapshot!(shown(&busy(), 40), @r"
    1:03  ━━━━━━─────────  41 %  ~1 min 30 s
      Level 1        ━━━────────────  2 of 9
      Level 2        ───────────────  0 of 3
      fetch  412,341 of 1,000,000
      archive.left      12 s  45 %  12 of …
      archive.right   10.0 s  100 %
      a-name-that-…    11:40
      測定を繰り返…    0.0 s
      … and 2 more running
      fetch[17]: attempt 2 in 0.4 s, since …
      fetch[21]: attempt 3 in 8.0 s, since …
      … and 1 more to be tried again
      1,204 waiting for api, next in 0.8 s
      2 waiting for memory
      2 failed, 1 skipped, 14 tried again
    ");
}

#[test]
fn at_the_beginning() {
    let view = View {
        name: "vqe-h2".to_owned(),
        elapsed: s(0.3),
        done: 0,
        total: 7,
        all_levels: 3,
        levels: vec![Level { level: 0, done: 0, total: 1 }],
        running: vec![Running {
            name: "ansatz".to_owned(),
            elapsed: s(0.3),
            says: None,
            items: None,
        }],
        ..View::default()
    };
    insta::assert_snapshot!(shown(&view, 80), @r"
    vqe-h2  0:00  ────────────────────────────────  0 of 7
      Level 0                              ────────────────────  0 of 1
      ansatz                        0.3 s
    ");
}

#[test]
fn on_a_line_of_its_own() {
    insta::assert_snapshot!(busy().sentence(), @"412,345 of 1,000,004 done after 1 min, about 1 min 30 s left, 2 failed, 1 skipped, 14 tried again; running fetch (412,341 of 1,000,000), archive.left (45 %), archive.right (100 %), 4 more; 1,204 waiting for api; 2 waiting for memory");
    let early = View { total: 3, elapsed: s(10.0), ..View::default() };
    insta::assert_snapshot!(early.sentence(), @"0 of 3 done after 10 s");
}

#[test]
fn colours_take_no_columns() {
    let coloured = busy().lines(80, 20, Paint::Colours);
    let plain = busy().lines(80, 20, Paint::Plain);
    assert!(coloured[0].contains("\u{1b}[36m"), "{coloured:?}");
    let stripped = coloured.iter().map(|line| console::strip_ansi_codes(line).into_owned());
    assert_eq!(stripped.collect::<Vec<_>>(), plain);
}

#[test]
fn no_line_is_wider_than_it_may_be_and_none_has_escapes_without_colours() {
    let mut view = busy();
    view.total = u64::MAX;
    view.done = u64::MAX / 3;
    for columns in 20..200 {
        for (rows, paint) in [(3, Paint::Plain), (20, Paint::Plain), (20, Paint::Colours)] {
            let lines = view.lines(columns, rows, paint);
            assert!(lines.len() <= rows, "{lines:?}");
            for line in lines {
                assert!(width(&line) <= columns, "{columns}: {line:?}");
                assert!(paint == Paint::Colours || !line.contains('\u{1b}'), "{line:?}");
            }
        }
    }
}

#[test]
fn guesses_are_as_exact_as_guesses_are() {
    let shown: Vec<String> = [0.2, 9.4, 12.0, 59.0, 95.0, 150.0, 700.0, 9_000.0]
        .iter()
        .map(|&seconds| about(s(seconds)))
        .collect();
    insta::assert_snapshot!(shown.join(" | "), @"1 s | 9 s | 10 s | 1 min | 1 min 30 s | 2 min 30 s | 12 min | 2 h 30 min");
}

//! Five hundred pages of a site that is not always well, asked for with limits, rates, retries and
//! timeouts: `examples/urls.yaml`, whole or with other numbers. What holds is read from the log of
//! the server, which knows nothing of how it is asked.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;
use terrace::core::{
    Event, EventKind, EventKinds, Format, Observer, OutcomeStatus, Source, value_to_json,
};
use terrace::prelude::*;
use terrace_tests::server::{Mood, Request, Server};
use terrace_tests::{built, root, terrace};

use crate::support::{Scratch, document, workflow};

/// The example, with some of its text replaced.
fn example(changes: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(root().join("examples/urls.yaml")).unwrap();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
        text = text.replace(from, to);
    }
    text
}

/// A request's number, the last part of its path.
fn page(request: &Request) -> u64 {
    request.target.rsplit('/').next().and_then(|part| part.parse().ok()).unwrap()
}

/// The requests for each page, in the order of their arrival.
fn by_page(server: &Server) -> BTreeMap<u64, Vec<Request>> {
    let mut pages = BTreeMap::<u64, Vec<Request>>::new();
    for request in server.log() {
        pages.entry(page(&request)).or_default().push(request);
    }
    pages
}

/// From the first request to the end of the last answer.
fn span(log: &[Request]) -> Duration {
    let first = log.iter().map(|request| request.started).min().unwrap();
    let last = log.iter().filter_map(|request| request.ended).max().unwrap();
    last - first
}

/// How long all answers took together.
fn work(log: &[Request]) -> Duration {
    log.iter().filter_map(|request| Some(request.ended? - request.started)).sum()
}

/// Every page is there, under its own number.
#[track_caller]
fn all_are_good(pages: &Json, count: u64) {
    assert_eq!(pages.as_object().unwrap().len() as u64, count);
    for n in 0..count {
        let page = &pages[n.to_string()];
        assert_eq!((&page["status"], &page["attempts"]), (&"ok".into(), &1.into()), "{n}: {page}");
        assert_eq!(page["value"]["body"], format!("page {n}"));
    }
}

/// Never more than `most` at a time; so many at some time; and a good part of that on average, with
/// answers that take their time. That none is ever left free is shown without a clock, below.
#[track_caller]
fn places_are_kept_full(server: &Server, most: u32) {
    let log = server.log();
    assert_eq!(server.peak(), most as usize);
    let (work, span) = (work(&log), span(&log));
    assert!(work <= span * most);
    assert!(work >= span * most / 4, "{work:?} of work in {span:?}, {most} at a time");
}

/// No second has more starts than the rate, nor two seconds than twice that, and no stretch more
/// than a burst and what comes after it. On its way a request may be held up by a busy machine for
/// however long, and arrive among later ones; of those there are never more than there are places.
#[track_caller]
fn the_rate_is_kept(server: &Server, places: usize) {
    assert!(server.most_within(Duration::from_secs(1)) <= 200 + places);
    assert!(server.most_within(Duration::from_secs(2)) <= 400 + places);
    let starts: Vec<Duration> = server.log().iter().map(|request| request.started).collect();
    for (first, from) in starts.iter().enumerate() {
        for (more, to) in starts[first..].iter().enumerate() {
            let most = (50 + places) as f64 + 200.0 * (*to - *from).as_secs_f64();
            assert!((more + 1) as f64 <= most, "{more} more from {from:?} to {to:?}");
        }
    }
}

#[test]
fn ten_at_a_time_by_the_command() {
    let server = Server::start();
    let base = format!("base={}", server.url("/page/60"));
    let ran = terrace(&["run", "examples/urls.yaml", "-i", &*base, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = document(&ran);
    assert_eq!(document["outputs"]["answered"], 500);
    all_are_good(&document["outputs"]["pages"], 500);
    places_are_kept_full(&server, 10);
    the_rate_is_kept(&server, 10);
    let limit = &document["limits"][0];
    assert_eq!((&limit["used"], &limit["starts"]), (&10.into(), &500.into()), "{limit}");
    // A connection for each place, used again and again.
    assert!(server.connections() <= 10, "{} connections", server.connections());
}

#[test]
fn fifty_at_a_time_in_a_program() {
    let server = Server::start();
    let engine = Engine::builder().pack_folder(&built().packs).build().unwrap();
    let text = example(&[("concurrency: 10", "concurrency: 50")]);
    let workflow = engine.read_source(&Source::new("urls.yaml", text, Format::Yaml)).unwrap();
    let base = server.url("/page/300");
    let report = engine.run(&workflow, &RunRequest::new().input("base", base)).unwrap();
    assert_eq!(report.status, RunStatus::Succeeded);
    assert_eq!(report.output("answered").unwrap().as_ref().unwrap(), &Value::from(500_i64));
    let pages = value_to_json(report.output("pages").unwrap().as_ref().unwrap()).unwrap();
    all_are_good(&serde_json::from_str(&pages).unwrap(), 500);
    places_are_kept_full(&server, 50);
    the_rate_is_kept(&server, 50);
    assert_eq!((report.limits[0].used, report.limits[0].starts), (50, 500));
}

/// A server that gives no answer unless all places are taken, and one for each that is taken anew.
/// Whoever leaves a place free while pages are left, as one does that waits for a whole batch, ends
/// in timeouts; a slow machine does not.
#[test]
fn a_place_that_was_given_back_is_taken_before_the_next_is() {
    for most in [10, 50] {
        let server = Server::start();
        let text = example(&[
            ("concurrency: 10", &format!("concurrency: {most}")),
            ("timeout: 5s", "timeout: 20s"),
        ]);
        let Scratch { folder: _folder, file } = workflow(&text);
        let base = format!("base={}", server.url(&format!("/full/{most}/500")));
        let ran = terrace(&["run", file.to_str().unwrap(), "-i", &*base, "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        all_are_good(&document(&ran)["outputs"]["pages"], 500);
        the_rate_is_kept(&server, most);
        // At every end of an answer as long as there are pages left: so many, neither more nor less.
        let left = server.open_at_ends().into_iter().filter(|(_, asked)| *asked < 500);
        let open: Vec<usize> = left.map(|(open, _)| open).collect();
        assert_eq!(open, vec![most; 500 - most]);
    }
}

/// What that test stands on: one place too few, and the first pages get no answer in time.
#[test]
fn a_place_that_is_left_free_is_found_out() {
    let server = Server::start();
    let text = example(&[
        ("concurrency: 10", "concurrency: 9"),
        ("timeout: 5s", "timeout: 300ms"),
        ("initial: 1s", "initial: 10ms"),
    ]);
    let Scratch { folder: _folder, file } = workflow(&text);
    let base = format!("base={}", server.url("/full/10/20"));
    let args = ["run", file.to_str().unwrap(), "-i", &*base, "-i", "count=20", "--json"];
    let document = document(&terrace(&args));
    for n in 0..9 {
        let page = &document["outputs"]["pages"][n.to_string()];
        assert!(page["attempts"].as_u64().unwrap() > 1, "{n}: {page}");
    }
}

#[test]
fn no_more_start_in_a_second_than_the_rate_has() {
    for most in [10, 50] {
        let server = Server::start();
        let text = example(&[("concurrency: 10", &format!("concurrency: {most}"))]);
        let Scratch { folder: _folder, file } = workflow(&text);
        let base = format!("base={}", server.url("/page/0"));
        let ran = terrace(&["run", file.to_str().unwrap(), "-i", &*base, "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        all_are_good(&document(&ran)["outputs"]["pages"], 500);
        // Nothing else takes any time here: 500 in two seconds are 50 more than it lets through.
        the_rate_is_kept(&server, most);
        assert!(server.peak() <= most);
    }
}

/// What is told of attempts that are followed by another.
#[derive(Clone, Default)]
struct Retries(Arc<Mutex<Vec<(String, u32, Duration)>>>);

impl Observer for Retries {
    fn wants(&self) -> EventKinds {
        EventKinds::ITEMS
    }

    fn event(&self, event: &Event) {
        if let EventKind::NodeRetrying { path: Some(path), attempt, pause, .. } = &event.kind {
            self.0.lock().unwrap().push((path.to_string(), *attempt, *pause));
        }
    }
}

const INITIAL: Duration = Duration::from_millis(100);

/// How the site in all its moods is asked.
#[derive(Clone, Copy)]
struct Manner {
    most: usize,
    timeout: Duration,
}

const TEN: Manner = Manner { most: 10, timeout: Duration::from_millis(600) };
/// Each waits for more others here.
const FIFTY: Manner = Manner { most: 50, timeout: Duration::from_millis(1500) };

impl Manner {
    /// The example with shorter times.
    fn example(self) -> String {
        example(&[
            ("concurrency: 10", &format!("concurrency: {}", self.most)),
            ("timeout: 5s", &format!("timeout: {}ms", self.timeout.as_millis())),
            ("initial: 1s", "initial: 100ms"),
        ])
    }
}

/// What each page of the site gives, by its mood: how it ends, after how many attempts, and what
/// its error's class and code are.
fn expected(mood: Mood) -> (&'static str, usize, Option<(&'static str, Option<&'static str>)>) {
    match mood {
        Mood::Good => ("ok", 1, None),
        Mood::Busy => ("ok", 2, None),
        Mood::Shaky => ("ok", 3, None),
        Mood::Broken => ("failed", 3, Some(("unavailable", Some("500")))),
        // Whether the run gives it up or the request sees by itself that its time is over is a
        // matter of chance.
        Mood::Silent | Mood::Slow => ("timed_out", 3, Some(("timed_out", None))),
    }
}

/// The log of the server, for a run over all its pages.
fn the_server_saw_no_haste(server: &Server, Manner { most, timeout }: Manner) {
    // Nobody waits any more for what was given up; the server sees that a little later.
    let ended = |request: &Request| match Mood::of(page(request)) {
        Mood::Silent | Mood::Slow => Some(request.started + timeout * 3 / 4),
        _ => request.ended,
    };
    assert_eq!(server.peak_where(ended), most);
    the_rate_is_kept(server, most);
    for (n, requests) in by_page(server) {
        let mood = Mood::of(n);
        let (_, attempts, _) = expected(mood);
        match mood {
            // One may be given up on its way.
            Mood::Silent | Mood::Slow => assert!(requests.len() <= attempts, "page {n}"),
            _ => assert_eq!(requests.len(), attempts, "requests for page {n}, {mood:?}"),
        }
        for (at, two) in requests.windows(2).enumerate() {
            let (began, again) = (two[0].started, two[1].started);
            let ended = || two[0].ended.unwrap();
            // A fifth of a pause is left to chance.
            let pause = INITIAL * 2_u32.pow(at as u32) * 4 / 5;
            match mood {
                Mood::Busy => assert!(again - ended() >= Duration::from_secs(1), "page {n}"),
                Mood::Broken | Mood::Shaky => assert!(again - ended() >= pause, "page {n}"),
                // Its time began before the server knew of it, and nobody waited for its end.
                _ => assert!(again - began >= timeout / 2 + pause, "page {n}"),
            }
        }
    }
}

#[test]
fn a_site_in_all_moods_is_asked_with_patience_by_ten() {
    a_site_in_all_moods_is_asked_with_patience(TEN);
}

#[test]
fn a_site_in_all_moods_is_asked_with_patience_by_fifty() {
    a_site_in_all_moods_is_asked_with_patience(FIFTY);
}

/// Good pages are held back as long as there are pages left and not all places taken: none is left
/// free for one that pauses, hangs or drips.
fn a_site_in_all_moods_is_asked_with_patience(manner: Manner) {
    let server = Server::start();
    let Scratch { folder: _folder, file } = workflow(&manner.example());
    let base = format!("base={}", server.url(&format!("/full-site/{}/500", manner.most)));
    let ran = terrace(&["run", file.to_str().unwrap(), "-i", &*base, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = document(&ran);
    let pages = document["outputs"]["pages"].as_object().unwrap();
    assert_eq!(pages.len(), 500);
    for (at, (number, found)) in pages.iter().enumerate() {
        // In the items' order, whichever answered first.
        assert_eq!(*number, at.to_string());
        let (status, attempts, error) = expected(Mood::of(at as u64));
        assert_eq!(
            (&found["status"], &found["attempts"]),
            (&status.into(), &attempts.into()),
            "{found}"
        );
        match error {
            None => assert_eq!(found["value"]["body"], format!("page {at}")),
            Some((class, code)) => {
                assert_eq!(found["error"]["class"], class, "{found}");
                assert!(code.is_none_or(|code| found["error"]["code"] == code), "{found}");
            }
        }
    }
    // 500 without five that are broken, five that are silent, and the slow one.
    assert_eq!(document["outputs"]["answered"], 489);
    the_server_saw_no_haste(&server, manner);
    // Each start counts, the first and all that follow; one for which it was too crowded too.
    let limit = &document["limits"][0];
    let attempts = (0..500).map(|n| expected(Mood::of(n)).1).sum::<usize>();
    assert!(limit["starts"].as_u64().unwrap() >= attempts as u64, "{limit}");
    assert_eq!(limit["used"], manner.most);
}

/// Twenty requests that take too long at one time need a moment to end. What is asked next waits
/// for that, and is not refused.
#[test]
fn what_is_given_up_at_once_does_not_keep_others_from_being_asked() {
    let server = Server::start();
    let text = example(&[
        ("concurrency: 10", "concurrency: 20"),
        ("timeout: 5s", "timeout: 200ms"),
        ("attempts: 3, backoff: exponential, initial: 1s", "attempts: 2, initial: 10ms"),
    ]);
    let Scratch { folder: _folder, file } = workflow(&text);
    let base = format!("base={}", server.url("/hang"));
    let args = ["run", file.to_str().unwrap(), "-i", &*base, "-i", "count=60", "--json"];
    let document = document(&terrace(&args));
    for (n, page) in document["outputs"]["pages"].as_object().unwrap() {
        let found = (&page["status"], &page["error"]["class"], &page["attempts"]);
        assert_eq!(found, (&"timed_out".into(), &"timed_out".into(), &2.into()), "{n}: {page}");
    }
    // One may be given up on its way.
    assert!(by_page(&server).values().all(|requests| requests.len() <= 2));
}

#[test]
fn a_program_is_told_of_every_attempt_and_may_allow_some_pages_to_fail() {
    let server = Server::start();
    let engine = Engine::builder().pack_folder(&built().packs).build().unwrap();
    let text = TEN
        .example()
        .replace("collect: outcomes", "max_failures: 3%")
        .replace("  answered: { task: util/succeeded, with: { outcomes: \"${ask}\" } }\n", "")
        .replace("value: \"${answered}\"", "value: \"${ask}\"");
    let workflow = engine.read_source(&Source::new("urls.yaml", text, Format::Yaml)).unwrap();
    let retries = Retries::default();
    let request = RunRequest::new().input("base", server.url("/site/10")).observer(retries.clone());
    let report = engine.run(&workflow, &request).unwrap();
    assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.failures);
    assert_eq!(report.failures_inside, 11);
    let pages = report.output("pages").unwrap().as_ref().unwrap();
    for n in 0..500 {
        let body = pages.get(&n.to_string()).and_then(|page| page.get("body"));
        let good = expected(Mood::of(n)).0 == "ok";
        assert_eq!(body.and_then(Value::as_str), good.then(|| format!("page {n}")).as_deref());
    }
    the_server_saw_no_haste(&server, TEN);
    let retries = retries.0.lock().unwrap();
    let expected = (0..500).map(|n| expected(Mood::of(n)).1 - 1).sum::<usize>();
    assert_eq!(retries.len(), expected);
    for (path, attempt, pause) in &*retries {
        let n: u64 = path.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
        let own = INITIAL * 2_u32.pow(attempt - 1);
        // What is left of it when it is told.
        match Mood::of(n) {
            Mood::Busy => assert!(*pause <= Duration::from_secs(1) && *pause > own),
            _ => assert!(*pause <= own),
        }
    }
    let (id, _) = report.outcomes().find(|(id, _)| workflow.node(*id).name() == "ask").unwrap();
    assert_eq!(report.outcome(id).unwrap().status, OutcomeStatus::Ok);
}

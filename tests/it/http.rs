//! The http pack, loaded from its `.so`, against a server of the test's own.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use terrace::api::ErrorClass;
use terrace::core::{Format, Source, value_to_json};
use terrace::prelude::*;
use terrace_tests::built;
use terrace_tests::server::Server;

/// Longer than any of this takes on a busy machine, and shorter than what it cuts short.
const SOON: Duration = Duration::from_secs(60);

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::builder().pack_folder(&built().packs).build().unwrap())
}

/// A workflow of one node of the pack.
fn workflow(task: &str, with: &Json) -> Workflow {
    let text = json!({
        "terrace": 1,
        "packs": { "http": "^0.1" },
        "nodes": { "a": { "task": task, "with": with } },
        "outputs": { "a": "${a}" },
    });
    engine().read_source(&Source::new("test.json", text.to_string(), Format::Json)).unwrap()
}

fn make(task: &str, with: &Json) -> Result<Json, TaskError> {
    let report = engine().run(&workflow(task, with), &RunRequest::new()).unwrap();
    match report.output("a").unwrap() {
        Ok(value) => Ok(serde_json::from_str(&value_to_json(value).unwrap()).unwrap()),
        Err(_) => {
            let outcome = report.outcomes().next().unwrap().1.unwrap();
            Err(outcome.error.unwrap())
        }
    }
}

#[track_caller]
fn get(with: &Json) -> Json {
    make("http/get", with).unwrap()
}

#[track_caller]
fn refused(task: &str, with: &Json) -> TaskError {
    make(task, with).unwrap_err()
}

#[test]
fn an_answer_has_status_headers_body_url_and_time() {
    let server = Server::start();
    let answer = get(&json!({ "url": server.url("/ok/1"), "query": { "q": "a b", "n": [1, 2] } }));
    assert_eq!((&answer["status"], &answer["body"]), (&json!(200), &json!("ok")));
    assert_eq!(answer["headers"], json!({ "content-length": "2" }));
    assert_eq!(answer["url"], server.url("/ok/1?q=a%20b&n=1&n=2"));
    assert!(answer["millis"].as_i64().is_some_and(|millis| millis >= 0));
    let two = get(&json!({ "url": server.url("/twice") }));
    assert_eq!(two["headers"]["x-two"], "a, b");
}

#[test]
fn headers_and_bodies_arrive_as_they_were_sent() {
    let server = Server::start();
    let url = server.url("/echo");
    let sent = |task: &str, with: Json| {
        let mut with = with;
        with["url"] = json!(url);
        with["as"] = json!("json");
        let answer = make(task, &with).unwrap();
        let body = answer["body"].clone();
        let headers = body["headers"].as_array().unwrap().clone();
        let header = move |name: &str| -> Vec<Json> {
            headers.iter().filter(|pair| pair[0] == name).map(|pair| pair[1].clone()).collect()
        };
        (body, header)
    };
    let given = json!({ "headers": { "X-One": "ü", "Accept": "a/b" }, "token": "s3cret" });
    let (body, header) = sent("http/get", given);
    assert_eq!((&body["method"], &body["body"]), (&json!("GET"), &json!("")));
    assert_eq!(header("x-one"), ["ü"]);
    assert_eq!(header("accept"), ["a/b"]);
    assert_eq!(header("authorization"), ["Bearer s3cret"]);
    assert!(header("content-type").is_empty() && header("content-length").is_empty());

    let (body, header) = sent("http/post", json!({ "body": "grüße" }));
    assert_eq!((&body["method"], &body["body"]), (&json!("POST"), &json!("grüße")));
    assert_eq!(header("content-type"), ["text/plain; charset=utf-8"]);
    assert_eq!(header("accept"), ["application/json"]);
    assert_eq!(header("content-length"), ["7"]);

    let value = json!({ "b": [1, 2.5, null, "x"], "a": { "$$oid": "y" } });
    let with = json!({ "json": value, "headers": { "content-type": "application/vnd.x+json" } });
    let (body, header) = sent("http/post", with);
    assert_eq!(body["body"], r#"{"b":[1,2.5,null,"x"],"a":{"$oid":"y"}}"#);
    assert_eq!(header("content-type"), ["application/vnd.x+json"]);

    let (_, header) = sent("http/post", json!({}));
    assert_eq!(header("content-length"), ["0"]);
    let (body, _) = sent("http/request", json!({ "method": "DELETE", "body": "why" }));
    assert_eq!((&body["method"], &body["body"]), (&json!("DELETE"), &json!("why")));
    let (body, header) = sent("http/request", json!({ "method": "PURGE" }));
    assert_eq!(body["method"], "PURGE");
    assert!(header("content-length").is_empty());
}

#[test]
fn user_and_password_of_a_url_are_sent_and_not_given_out() {
    let server = Server::start();
    let url = server.url("/echo").replace("http://", "http://martin:secret@");
    let answer = get(&json!({ "url": url, "as": "json" }));
    assert_eq!(answer["url"], server.url("/echo"));
    let sent = answer["body"]["headers"].to_string();
    assert!(sent.contains(r#"["authorization","Basic bWFydGluOnNlY3JldA=="]"#), "{sent}");
}

#[test]
fn a_body_is_text_json_or_bytes() {
    let server = Server::start();
    let body = |path: &str, form: &str| {
        make("http/get", &json!({ "url": server.url(path), "as": form })).map(|a| a["body"].clone())
    };
    assert_eq!(body("/json", "json").unwrap(), json!({ "n": 1, "list": [1.5, null], "$oid": "x" }));
    assert_eq!(body("/twice", "json").unwrap(), Json::Null);
    assert_eq!(body("/bytes?n=4", "bytes").unwrap(), json!({ "$bytes": "AAECAw==" }));
    assert_eq!(body("/bytes?n=100", "text").unwrap().as_str().unwrap().len(), 100);
    let error = body("/bytes?n=200", "text").unwrap_err();
    assert_eq!(error.code(), "not_utf8");
    assert!(error.to_string().contains("at byte 128: ask for it `as: bytes`"), "{error}");
    let error = body("/ok", "json").unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("json", false));
    assert_eq!(error.details().get("body").and_then(Value::as_str), Some("ok"));
    assert_eq!(body("/ok", "xml").unwrap_err().code(), "as");

    let bytes = json!({ "$bytes": "/wAB" });
    let with = json!({ "url": server.url("/back"), "body": bytes, "as": "bytes" });
    let answer = make("http/post", &with).unwrap();
    assert_eq!(answer["body"], bytes);
    assert_eq!(answer["headers"]["content-type"], "application/octet-stream");
    let head = json!({ "method": "HEAD", "url": server.url("/bytes?n=99"), "max_body": 1 });
    let head = make("http/request", &head).unwrap();
    assert_eq!((&head["body"], &head["headers"]["content-length"]), (&json!(""), &json!("99")));
}

#[test]
fn connections_are_used_again() {
    let server = Server::start();
    for n in 0..20 {
        get(&json!({ "url": server.url(&format!("/ok/{n}")) }));
    }
    // An error's body is read too, so that its connection can be used again.
    refused("http/get", &json!({ "url": server.url("/fail500") }));
    get(&json!({ "url": server.url("/chunked") }));
    make("http/post", &json!({ "url": server.url("/back"), "body": "x" })).unwrap();
    assert_eq!((server.log().len(), server.connections()), (23, 1));
}

#[test]
fn redirects_are_followed_up_to_a_number() {
    let server = Server::start();
    let answer = get(&json!({ "url": server.url("/redirect?to=/ok/2") }));
    assert_eq!((&answer["url"], &answer["body"]), (&json!(server.url("/ok/2")), &json!("ok")));
    let answer = get(&json!({ "url": server.url("/redirect?to=/ok"), "redirects": 0 }));
    assert_eq!((&answer["status"], &answer["body"]), (&json!(302), &json!("elsewhere")));

    let before = server.log().len();
    let error = refused("http/get", &json!({ "url": server.url("/loop") }));
    assert_eq!((error.code(), error.retryable()), ("redirects", false));
    assert_eq!(error.message(), format!("GET {} was redirected too often", server.url("/loop")));
    assert_eq!(server.log().len() - before, 6);

    let with = json!({ "url": server.url("/redirect?to=/echo"), "body": "x", "as": "json" });
    let answer = make("http/post", &with).unwrap();
    assert_eq!((&answer["body"]["method"], &answer["body"]["body"]), (&json!("GET"), &json!("")));
    let url = server.url("/redirect?to=../echo&status=307");
    let with = json!({ "url": url, "body": "x", "as": "json" });
    let answer = make("http/post", &with).unwrap();
    assert_eq!((&answer["body"]["method"], &answer["body"]["body"]), (&json!("POST"), &json!("x")));
    let error = refused("http/get", &json!({ "url": server.url("/redirect?to=mailto:x") }));
    assert_eq!((error.code(), error.retryable()), ("redirects", false));
}

/// Statuses from 300 to 399 that lead nowhere are answers.
#[test]
fn what_is_no_redirect_is_not_followed() {
    let server = Server::start();
    for path in ["/status/300", "/status/304", "/status/302", "/status/399"] {
        let made = make("http/get", &json!({ "url": server.url(path) }));
        let answer = made.unwrap_or_else(|error| panic!("{path}: {error} {:?}", error.class()));
        assert!(path.ends_with(&answer["status"].to_string()), "{path}: {answer}");
    }
}

#[test]
fn a_token_does_not_go_to_another_host() {
    let server = Server::start();
    let ask = |to: String| {
        let url = server.url(&format!("/redirect?to={to}"));
        let headers = json!({ "cookie": "secret" });
        let with = json!({ "url": url, "token": "secret", "headers": headers, "as": "json" });
        let answer = get(&with);
        assert_eq!(answer["url"], to);
        answer.to_string()
    };
    let here = server.url("/echo");
    let other = Server::start();
    assert_eq!(ask(here.clone()).matches("secret").count(), 2);
    assert!(!ask(other.url("/echo")).contains("secret"));
    assert!(!ask(here.replace("127.0.0.1", "localhost")).contains("secret"));
}

#[test]
fn a_body_that_is_too_large_is_an_error() {
    let server = Server::start();
    for path in ["/bytes?n=1001", "/chunked?n=1001"] {
        let error = refused("http/get", &json!({ "url": server.url(path), "max_body": 1000 }));
        assert_eq!((error.code(), error.retryable()), ("body_too_large", false));
        assert!(error.message().ends_with("gave a body of more than 1000 bytes"), "{error}");
    }
    for path in ["/bytes?n=1000", "/chunked?n=1000"] {
        get(&json!({ "url": server.url(path), "max_body": 1000, "as": "bytes" }));
    }
    let large = json!({ "url": server.url("/chunked?n=10000001"), "as": "bytes" });
    assert_eq!(refused("http/get", &large).code(), "body_too_large");
}

#[test]
fn what_hangs_or_drips_ends_when_its_time_is_up() {
    let server = Server::start();
    for path in ["/hang", "/drip?n=10000&ms=50"] {
        let start = Instant::now();
        let error = refused("http/get", &json!({ "url": server.url(path), "timeout": 0.5 }));
        assert_eq!((error.class(), error.code()), (ErrorClass::TIMED_OUT, "timeout"));
        assert!(error.retryable());
        assert!(start.elapsed() < SOON, "{path}");
        let error =
            refused("http/post", &json!({ "url": server.url(path), "body": "", "timeout": 0.5 }));
        assert_eq!((error.code(), error.retryable()), ("timeout", false));
    }
    for timeout in [0.0, -1.0, 1e300] {
        let error = refused("http/get", &json!({ "url": server.url("/ok"), "timeout": timeout }));
        assert_eq!((error.class(), error.code()), (ErrorClass::INVALID_INPUT, "timeout"));
    }
}

#[test]
fn a_cancelled_request_ends_soon_and_closes_its_connection() {
    let server = Server::start();
    for (path, started) in [("/hang", 1), ("/drip?n=10000&ms=50", 2)] {
        let workflow = workflow("http/get", &json!({ "url": server.url(path), "timeout": 3600 }));
        let start = Instant::now();
        let run = engine().start(&workflow, &RunRequest::new()).unwrap();
        while server.log().len() < started {
            assert!(start.elapsed() < SOON);
            std::thread::sleep(Duration::from_millis(5));
        }
        run.cancel();
        let report = run.wait();
        assert_eq!(report.status, RunStatus::Cancelled);
        let error = report.outcomes().next().unwrap().1.unwrap().error.unwrap();
        assert_eq!(error.class(), ErrorClass::CANCELLED);
        // The server sees it: nothing goes on behind the task's back.
        while server.log()[started - 1].ended.is_none() {
            assert!(start.elapsed() < SOON, "{path} goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_status_is_an_error_unless_it_is_asked_for() {
    let server = Server::start();
    let error = refused("http/get", &json!({ "url": server.url("/fail500?key=secret") }));
    assert_eq!((error.class(), error.code()), (ErrorClass::UNAVAILABLE, "500"));
    let place = server.url("/fail500");
    assert_eq!(error.message(), format!("GET {place} answered 500 Internal Server Error"));
    assert_eq!(error.details().get("status"), Some(&Value::from(500_i64)));
    let body = error.details().get("body").and_then(Value::as_str).unwrap();
    assert_eq!(body, "x".repeat(500));

    let url = server.url("/status/404");
    let error = refused("http/get", &json!({ "url": url, "accept": [403, 410] }));
    assert_eq!((error.class(), error.code()), (ErrorClass::FAILED, "404"));
    for with in [json!({ "accept": [404] }), json!({ "any_status": true })] {
        let mut with = with;
        with["url"] = json!(url);
        let answer = get(&with);
        assert_eq!((&answer["status"], &answer["body"]), (&json!(404), &json!("status 404")));
    }
}

#[test]
fn which_statuses_may_be_tried_again_depends_on_the_method() {
    let server = Server::start();
    let cases = [
        (400, false, false),
        (404, false, false),
        (408, true, false),
        (425, true, false),
        (429, true, true),
        (500, true, false),
        (501, false, false),
        (502, true, false),
        (503, true, true),
        (504, true, false),
    ];
    for (status, get, post) in cases {
        let with = json!({ "url": server.url(&format!("/status/{status}")) });
        assert_eq!(refused("http/get", &with).retryable(), get, "{status}");
        assert_eq!(refused("http/post", &with).retryable(), post, "{status}");
    }
}

#[test]
fn the_wait_that_a_server_asks_for_is_kept() {
    let server = Server::start();
    let wait = |path: &str| {
        let error = refused("http/get", &json!({ "url": server.url(path) }));
        (error.retryable(), error.retry_after())
    };
    assert_eq!(wait("/429?after=120"), (true, Some(Duration::from_secs(120))));
    let (_, long) = wait("/429?after=Fri,%2031%20Dec%209999%2023:59:59%20GMT");
    assert!(long.unwrap() > Duration::from_secs(86_400 * 365 * 100));
    let past = wait("/429?after=Sun,%2006%20Nov%201994%2008:49:37%20GMT");
    assert_eq!(past, (true, Some(Duration::ZERO)));
    assert_eq!(wait("/429?after=soon"), (true, None));
    assert_eq!(wait("/429"), (true, None));
    // Of what will not help to try again nothing is said.
    assert_eq!(wait("/status/404?after=5"), (false, None));
}

#[test]
fn a_refused_or_lost_connection_is_said_so() {
    let nobody = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        format!("http://{}/p?key=secret", listener.local_addr().unwrap())
    };
    for task in ["http/get", "http/post"] {
        let error = refused(task, &json!({ "url": nobody }));
        assert_eq!((error.class(), error.code()), (ErrorClass::UNAVAILABLE, "refused"));
        // Nothing was sent.
        assert!(error.retryable());
    }
    let server = Server::start();
    let with = json!({ "url": server.url("/close") });
    let error = refused("http/get", &with);
    assert_eq!((error.class(), error.code()), (ErrorClass::UNAVAILABLE, "reset"));
    assert!(error.retryable() && !refused("http/post", &with).retryable());
    // A name that no resolver may know (RFC 6761).
    let error = refused("http/post", &json!({ "url": "http://nobody.invalid/", "timeout": 20 }));
    assert!(["host_not_found", "timeout"].contains(&error.code()), "{}: {error}", error.code());
    assert!(error.retryable());
    // TLS to a server that speaks none.
    let url = server.url("/ok").replace("http:", "https:");
    let error = refused("http/get", &json!({ "url": url, "timeout": 5 }));
    assert!(["tls", "reset", "timeout"].contains(&error.code()), "{}: {error}", error.code());
}

#[test]
fn no_error_repeats_a_secret() {
    let server = Server::start();
    let at = |path: &str| server.url(path).replace("http://", "http://user:secret@");
    let nobody = "http://user:secret@127.0.0.1:1/p?token=secret";
    let with = |url: &str| {
        json!({
            "url": url, "token": "secret", "timeout": 0.3, "query": { "k": "secret" },
            "headers": { "x-key": "secret" }, "max_body": 10, "redirects": 1, "as": "json",
        })
    };
    let urls = [
        at("/status/404"),
        at("/fail500?token=secret"),
        at("/bytes?n=99"),
        at("/loop"),
        at("/hang"),
        at("/close"),
        at("/ok"),
        at("/redirect?to=gopher://secret"),
        nobody.to_owned(),
        "http://user:secret@no host/secret".to_owned(),
        "user:secret@host".to_owned(),
    ];
    for url in urls {
        let error = refused("http/get", &with(&url));
        let all = format!("{error} {:?}", error.details());
        assert!(!all.contains("secret"), "{url}: {all}");
    }
    for headers in [
        json!({ "x-key": "secret\n" }),
        json!({ "x key": "secret" }),
        json!({ "Content-Length": "secret" }),
    ] {
        let with = json!({ "url": server.url("/ok"), "headers": headers });
        let error = refused("http/get", &with);
        assert_eq!((error.class(), error.code()), (ErrorClass::INVALID_INPUT, "header"));
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let error = refused("http/get", &json!({ "url": server.url("/ok"), "token": "secret\n" }));
    assert!(error.code() == "header" && !error.to_string().contains("secret"), "{error}");
}

#[test]
fn inputs_that_are_no_use_are_refused() {
    let server = Server::start();
    let url = server.url("/ok");
    for (code, with) in [
        ("method", json!({ "method": "GE T", "url": url })),
        ("method", json!({ "method": "", "url": url })),
        ("method", json!({ "method": "CONNECT", "url": url })),
        ("url", json!({ "method": "GET", "url": "ftp://host/x" })),
        ("query", json!({ "method": "GET", "url": url, "query": { "a": { "b": 1 } } })),
        ("body", json!({ "method": "PUT", "url": url, "body": "a", "json": 1 })),
    ] {
        let error = refused("http/request", &with);
        assert_eq!((error.class(), error.code()), (ErrorClass::INVALID_INPUT, code), "{error}");
        assert!(!error.retryable());
    }
    let error = refused("http/post", &json!({ "url": url, "body": { "a": 1 } }));
    assert!(error.to_string().contains("a value to send as JSON goes to `json`"), "{error}");
    assert!(server.log().is_empty());
}

#[test]
fn a_map_asks_side_by_side_and_keeps_the_order() {
    let server = Server::start();
    let urls: Vec<String> = (0..60).map(|n| server.url(&format!("/slow?ms=300&n={n}"))).collect();
    let text = json!({
        "terrace": 1,
        "packs": { "http": "^0.1" },
        "inputs": { "urls": "list<str>" },
        "nodes": { "page": {
            "map": { "over": "${inputs.urls}", "as": "url", "window": 20 },
            "task": "http/get", "with": { "url": "${url}" },
        } },
        "outputs": { "pages": "${page}" },
    });
    let source = Source::new("test.json", text.to_string(), Format::Json);
    let workflow = engine().read_source(&source).unwrap();
    let report = engine().run(&workflow, &RunRequest::new().input("urls", urls.clone())).unwrap();
    let pages = report.output("pages").unwrap().as_ref().unwrap();
    let pages = pages.as_list().unwrap().iter();
    let found: Vec<&str> =
        pages.map(|page| page.get("url").and_then(Value::as_str).unwrap()).collect();
    assert_eq!(found, urls);
    let peak = server.peak();
    assert!((2..=20).contains(&peak), "{peak} at a time");
    assert!(server.connections() <= 20, "{} connections", server.connections());
}

/// What later examples rely on.
#[test]
fn the_server_fails_first_and_counts_what_overlaps() {
    let server = Server::start();
    let url = server.url("/ok/7?first=2&with=429&after=1");
    for _ in 0..2 {
        let error = refused("http/get", &json!({ "url": url }));
        assert_eq!((error.code(), error.retry_after()), ("429", Some(Duration::from_secs(1))));
    }
    assert_eq!(get(&json!({ "url": url }))["body"], "ok");
    let log = server.log();
    assert!(log.iter().all(|request| request.target == "/ok/7?first=2&with=429&after=1"));
    assert!(log.windows(2).all(|two| two[0].ended.unwrap() <= two[1].started));
    assert_eq!((server.peak(), server.most_within(SOON)), (1, 3));
    assert_eq!(server.most_within(Duration::from_nanos(1)), 1);
}

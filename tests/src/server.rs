//! A web server for tests: HTTP/1.1 by hand on threads, answers by path, and a log of what it was
//! asked and when.
//!
//! | path | answer |
//! |---|---|
//! | `/ok/…` | 200 `ok` |
//! | `/slow?ms=50` | 200 `slow`, after so long |
//! | `/status/404` | that status, body `status 404` |
//! | `/fail500` | 500 |
//! | `/429?after=2` | 429 with `Retry-After: 2`; the text of `after` is sent as it is, unescaped |
//! | `/hang` | none; the connection stays open |
//! | `/close` | none; the connection is closed |
//! | `/drip?n=100&ms=50` | `n` bytes, one each time so many milliseconds have passed |
//! | `/bytes?n=1000` | so many bytes, 0 to 255 and again |
//! | `/chunked?n=1000` | the same in chunks, without saying how many |
//! | `/echo` | JSON of the request: `method`, `target`, `headers` (a list of pairs), `body` |
//! | `/back` | the request's body with its content type |
//! | `/json` | JSON: `{"n": 1, "list": [1.5, null], "$oid": "x"}` |
//! | `/twice` | 200 with header `X-Two` twice |
//! | `/redirect?to=/ok&status=302` | that redirect |
//! | `/loop` | a redirect to itself |
//! | `/page/20/7` | 200 `page 7`, after 20 ms |
//! | `/site/20/7` | the same of most numbers; of some what [`Mood`] says |
//! | `/full/10/500/7` | 200 `page 7`, held back (below) while fewer than 10 requests are open |
//! | `/full-site/10/500/7` | the same of most numbers; of some what [`Mood`] says |
//!
//! What is held back: as long as fewer than 500 different pages have been asked for, no answer is
//! given unless 10 requests are open, and one for each that comes. Whoever keeps fewer open while
//! pages are left gets no further answer, on a machine of any speed.
//!
//! Before it answers so, `first=3` in any query makes the first three requests of that very path
//! and query get 503, and `first=3&with=429&after=0` what it says there.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// One request in the log. Times are since the server's start.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path with its query, as it was asked for.
    pub target: String,
    /// Which connection it came on, from 0.
    pub connection: usize,
    /// When its headers had arrived.
    pub started: Duration,
    /// When the last of its answer was about to be written, so that the client cannot have known
    /// earlier, or the client was gone; `None` while neither is.
    pub ended: Option<Duration>,
}

/// What the pages of `/site` are like, by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// 200 `page 7`.
    Good,
    /// 429 with `Retry-After: 1` at first, then good: numbers that end with 07 or 57.
    Busy,
    /// 500 twice, then good: numbers that end with 13 or 63.
    Shaky,
    /// 500 always: numbers that end with 21.
    Broken,
    /// No answer: numbers that end with 33.
    Silent,
    /// A byte a second, a hundred of them: number 42.
    Slow,
}

impl Mood {
    /// Of a number.
    pub fn of(page: u64) -> Self {
        match (page, page % 100) {
            (_, 7 | 57) => Self::Busy,
            (_, 13 | 63) => Self::Shaky,
            (_, 21) => Self::Broken,
            (_, 33) => Self::Silent,
            (42, _) => Self::Slow,
            _ => Self::Good,
        }
    }
}

/// A server on a free port of this machine; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    start: Instant,
    connections: AtomicUsize,
    stopped: AtomicBool,
    log: Mutex<Log>,
    /// Something that was held back may be answered.
    let_go: Condvar,
    /// To be shut down with the server.
    open: Mutex<Vec<TcpStream>>,
}

#[derive(Debug, Default)]
struct Log {
    requests: Vec<Request>,
    /// How often each path was asked for.
    counts: HashMap<String, usize>,
    /// How many requests have no end yet.
    open: usize,
    /// Places in the log of those that are held back, the longest first.
    held: VecDeque<usize>,
    /// How many of them have been let go.
    let_go: usize,
}

impl Log {
    /// Notes the end of a request; the first time counts.
    fn end(&mut self, entry: usize, now: Duration) {
        if self.requests[entry].ended.is_none() {
            self.requests[entry].ended = Some(now);
            self.open -= 1;
        }
    }

    /// Ends what need not be held back any more: the longest open, and the newest every third time.
    fn let_go(&mut self, most: usize, pages: usize, now: impl Fn() -> Duration) {
        while self.open >= most || self.counts.len() >= pages {
            self.let_go += 1;
            let newest = self.let_go.is_multiple_of(3);
            let next = if newest { self.held.pop_back() } else { self.held.pop_front() };
            let Some(entry) = next else { return };
            self.end(entry, now());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// Starts one.
    ///
    /// # Panics
    /// When this machine has no port left.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0));
        let listener = listener.unwrap_or_else(|error| panic!("cannot listen: {error}"));
        let address = listener.local_addr();
        let address = address.unwrap_or_else(|error| panic!("no address: {error}"));
        let shared = Arc::new(Shared {
            start: Instant::now(),
            connections: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            log: Mutex::default(),
            let_go: Condvar::new(),
            open: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &of_thread));
        Self { address, shared }
    }

    /// The URL of a path here: `http://127.0.0.1:1234/ok/1`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Every request so far, in the order of their arrival.
    pub fn log(&self) -> Vec<Request> {
        lock(&self.shared.log).requests.clone()
    }

    /// The most requests that were being answered at one time.
    pub fn peak(&self) -> usize {
        self.peak_where(|request| request.ended)
    }

    /// The same, where `ended` says when each of them ended, if it has.
    pub fn peak_where(&self, ended: impl Fn(&Request) -> Option<Duration>) -> usize {
        let mut changes = Vec::new();
        for request in self.log() {
            changes.push((request.started, 1));
            changes.extend(ended(&request).map(|ended| (ended, -1)));
        }
        // Where one ends as another starts they did not overlap.
        changes.sort();
        let (mut now, mut peak) = (0_i64, 0);
        for (_, change) in changes {
            now += change;
            peak = peak.max(now);
        }
        usize::try_from(peak).unwrap_or_default()
    }

    /// How many requests were being answered when each of them ended, itself included, and how many
    /// different paths had been asked for by then; in the order of their ends.
    pub fn open_at_ends(&self) -> Vec<(usize, usize)> {
        let log = self.log();
        let starts = log.iter().map(|request| (request.started, Some(&request.target)));
        let ends = log.iter().filter_map(|request| Some((request.ended?, None)));
        let mut changes: Vec<(Duration, Option<&String>)> = starts.chain(ends).collect();
        changes.sort();
        let (mut open, mut asked, mut found) = (0_usize, HashSet::new(), Vec::new());
        for (_, target) in changes {
            if let Some(target) = target {
                asked.insert(target);
                open += 1;
            } else {
                found.push((open, asked.len()));
                open = open.saturating_sub(1);
            }
        }
        found
    }

    /// The most requests that started within any window of this length.
    pub fn most_within(&self, window: Duration) -> usize {
        let starts: Vec<Duration> = self.log().iter().map(|request| request.started).collect();
        let within = |from: &Duration| {
            starts.iter().filter(|start| *start >= from && **start < *from + window).count()
        };
        starts.iter().map(within).max().unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // With the lock, so that none that is held back looks before and waits after.
        drop(lock(&self.shared.log));
        self.shared.let_go.notify_all();
        for stream in lock(&self.shared.open).drain(..) {
            // The client may have closed it.
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the one that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let connection = shared.connections.fetch_add(1, Ordering::Relaxed);
        lock(&shared.open).extend(stream.try_clone());
        let shared = Arc::clone(shared);
        // A connection ends with an error when its client goes, as some tests make it.
        thread::spawn(move || serve(&stream, connection, &shared));
    }
}

/// What a client asked for.
struct Asked<'a> {
    shared: &'a Shared,
    /// Its place in the log.
    entry: usize,
    /// How often this path was asked for, this time included.
    count: usize,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl<'a> Asked<'a> {
    fn read(
        reader: &mut BufReader<&TcpStream>,
        shared: &'a Shared,
        connection: usize,
    ) -> std::io::Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or_default();
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut log = lock(&shared.log);
        log.requests.push(Request {
            target: target.clone(),
            connection,
            started: shared.start.elapsed(),
            ended: None,
        });
        log.open += 1;
        let entry = log.requests.len() - 1;
        let count = log.counts.entry(target.clone()).or_default();
        *count += 1;
        let count = *count;
        drop(log);
        let asked = Self { shared, entry, count, method, target, headers, body };
        asked.let_go();
        Ok(Some(asked))
    }

    /// Notes that all is answered, or nobody listens; the first time counts.
    fn end(&self) {
        lock(&self.shared.log).end(self.entry, self.shared.start.elapsed());
    }

    /// How many must be open, and how many pages there are, where answers are held back.
    fn full(&self) -> Option<(usize, usize)> {
        let mut parts = self.path().strip_prefix("/full")?.split('/').skip(1);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    /// Lets go what is held back for as long as there are fewer.
    fn let_go(&self) {
        let Some((most, pages)) = self.full() else { return };
        lock(&self.shared.log).let_go(most, pages, || self.shared.start.elapsed());
        self.shared.let_go.notify_all();
    }

    /// Waits until this one is let go.
    fn hold(&self) {
        lock(&self.shared.log).held.push_back(self.entry);
        self.let_go();
        let mut log = lock(&self.shared.log);
        while log.requests[self.entry].ended.is_none()
            && !self.shared.stopped.load(Ordering::Relaxed)
        {
            log = self.shared.let_go.wait(log).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A part of the query.
    fn ask(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    }

    fn number(&self, name: &str, default: u64) -> u64 {
        self.ask(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }
}

fn serve(stream: &TcpStream, connection: usize, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(asked) = Asked::read(&mut reader, shared, connection)? {
        let stays = answer(stream, &asked);
        asked.end();
        if !stays? {
            break;
        }
    }
    stream.shutdown(Shutdown::Both)
}

/// Answers, and says whether the connection stays open.
fn answer(stream: &TcpStream, asked: &Asked<'_>) -> std::io::Result<bool> {
    let count = asked.count;
    if count as u64 <= asked.number("first", 0) {
        let status = asked.number("with", 503);
        return plain(stream, asked, status, &wait(asked), b"not yet");
    }
    let path = asked.path();
    let n = asked.number("n", 100);
    let pause = Duration::from_millis(asked.number("ms", 50));
    match path.split('/').nth(1).unwrap_or_default() {
        "ok" => plain(stream, asked, 200, "", b"ok"),
        "slow" => {
            thread::sleep(pause);
            plain(stream, asked, 200, "", b"slow")
        }
        "status" => {
            let status = path.rsplit('/').next().and_then(|text| text.parse().ok()).unwrap_or(404);
            plain(stream, asked, status, &wait(asked), format!("status {status}").as_bytes())
        }
        "fail500" => plain(stream, asked, 500, "", &[b'x'; 1000]),
        "429" => plain(stream, asked, 429, &wait(asked), b"too many"),
        "hang" => until_gone(stream),
        "close" => Ok(false),
        "drip" => drip(stream, n, pause),
        kind @ ("page" | "site" | "full" | "full-site") => {
            let mut numbers = path.rsplit('/').map(|part| part.parse().unwrap_or_default());
            let (page, pause) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
            let mood = if kind.ends_with("site") { Mood::of(page) } else { Mood::Good };
            match mood {
                Mood::Busy if count == 1 => {
                    return plain(stream, asked, 429, "Retry-After: 1\r\n", b"too many");
                }
                Mood::Shaky if count <= 2 => return plain(stream, asked, 500, "", b"oh no"),
                Mood::Broken => return plain(stream, asked, 500, "", b"oh no"),
                Mood::Silent => return until_gone(stream),
                Mood::Slow => return drip(stream, 100, Duration::from_secs(1)),
                Mood::Good | Mood::Busy | Mood::Shaky => {}
            }
            if kind.starts_with("full") {
                asked.hold();
            } else {
                thread::sleep(Duration::from_millis(pause));
            }
            plain(stream, asked, 200, "", format!("page {page}").as_bytes())
        }
        "bytes" => plain(stream, asked, 200, "", &bytes(n)),
        "chunked" => {
            let mut out = stream;
            write!(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            for chunk in bytes(n).chunks(1000) {
                write!(out, "{:x}\r\n", chunk.len())?;
                out.write_all(chunk)?;
                out.write_all(b"\r\n")?;
            }
            out.write_all(b"0\r\n\r\n")?;
            Ok(true)
        }
        "echo" => {
            let text = serde_json::json!({
                "method": asked.method,
                "target": asked.target,
                "headers": asked.headers,
                "body": String::from_utf8_lossy(&asked.body),
            });
            let kind = "Content-Type: application/json\r\n";
            plain(stream, asked, 200, kind, text.to_string().as_bytes())
        }
        "back" => {
            let kind = asked.header("content-type").unwrap_or("none");
            plain(stream, asked, 200, &format!("Content-Type: {kind}\r\n"), &asked.body)
        }
        "json" => {
            let text = br#"{"n": 1, "list": [1.5, null], "$oid": "x"}"#;
            plain(stream, asked, 200, "Content-Type: application/json\r\n", text)
        }
        "twice" => plain(stream, asked, 200, "X-Two: a\r\nx-two: b\r\n", b""),
        "redirect" => {
            let to = asked.ask("to").unwrap_or("/ok");
            let status = asked.number("status", 302);
            plain(stream, asked, status, &format!("Location: {to}\r\n"), b"elsewhere")
        }
        "loop" => plain(stream, asked, 302, "Location: /loop\r\n", b""),
        _ => plain(stream, asked, 404, "", b"no such path"),
    }
}

fn wait(asked: &Asked<'_>) -> String {
    let after = asked.ask("after").map(|after| after.replace("%20", " ").replace("%2C", ","));
    after.map(|after| format!("Retry-After: {after}\r\n")).unwrap_or_default()
}

fn bytes(n: u64) -> Vec<u8> {
    (0..n).map(|n| (n % 256) as u8).collect()
}

fn plain(
    mut stream: &TcpStream,
    asked: &Asked<'_>,
    status: u64,
    headers: &str,
    body: &[u8],
) -> std::io::Result<bool> {
    let length = body.len();
    // In one write, so that no client sees half of it and closes.
    let mut answer =
        format!("HTTP/1.1 {status} S\r\nContent-Length: {length}\r\n{headers}\r\n").into_bytes();
    if asked.method != "HEAD" {
        answer.extend_from_slice(body);
    }
    asked.end();
    stream.write_all(&answer)?;
    Ok(true)
}

/// Answers with bytes that take their time.
fn drip(mut stream: &TcpStream, n: u64, pause: Duration) -> std::io::Result<bool> {
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {n}\r\n\r\n")?;
    for _ in 0..n {
        thread::sleep(pause);
        stream.write_all(b"d")?;
    }
    Ok(true)
}

/// Waits until the client closes, without a word.
fn until_gone(mut stream: &TcpStream) -> std::io::Result<bool> {
    let mut rest = [0; 64];
    while stream.read(&mut rest)? > 0 {}
    Ok(false)
}

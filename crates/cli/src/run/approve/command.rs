//! [`Program`]: a program that decides: the checkpoint as JSON on its standard input, its exit code
//! the answer, what it prints the items to go on without.

use std::io::{Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value as Json;
use terrace::scheduler::{Approve, CancelToken, Checkpoint, Decision, Dropped, Which};

/// Most that a program may print.
const MOST: u64 = 1 << 20;
/// Between two looks at a program that has not ended.
const LOOK: Duration = Duration::from_millis(20);
/// How long what a program has printed may still be on its way when it has ended.
const REST: Duration = Duration::from_secs(1);

/// A program that decides.
pub(super) struct Program {
    pub(super) command: String,
    /// How long it may take.
    pub(super) timeout: Duration,
    pub(super) cancel: CancelToken,
}

impl Approve for Program {
    fn approve(&self, checkpoint: &Checkpoint) -> Decision {
        self.ask(checkpoint).unwrap_or_else(|reason| Decision::Stop { reason })
    }
}

impl Program {
    fn ask(&self, checkpoint: &Checkpoint) -> Result<Decision, String> {
        let named = format!("`{}`", self.command);
        let mut child = Command::new("sh")
            .args(["-c", &self.command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Of its own, so that it ends with all that it started.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start {named}: {error}"))?;
        let text = super::document(checkpoint).to_string();
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read is as good as one that does.
            thread::spawn(move || drop(stdin.write_all(text.as_bytes())));
        }
        let (tell, printed) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                let mut text = Vec::new();
                let read = stdout.take(MOST + 1).read_to_end(&mut text);
                drop(tell.send(read.map(|_| text)));
            });
        }
        let status = self.wait(&mut child).map_err(|why| format!("{named} {why}"))?;
        let rest = printed.recv_timeout(REST);
        if matches!(&rest, Ok(Ok(text)) if text.len() as u64 > MOST) {
            return Err(format!("{named} printed more than {MOST} bytes"));
        }
        if !status.success() {
            return Err(match (status.code(), status.signal()) {
                (Some(code), _) => format!("{named} said no, with exit code {code}"),
                (None, Some(signal)) => format!("{named} was killed by signal {signal}"),
                (None, None) => format!("{named} did not end as programs do"),
            });
        }
        let text = match rest {
            Ok(Ok(text)) => text,
            Ok(Err(error)) => return Err(format!("what {named} printed cannot be read: {error}")),
            Err(_) => {
                // Something that it started still holds its output.
                kill(&mut child);
                return Err(format!("what {named} printed does not end"));
            }
        };
        answer(&text).map_err(|why| {
            format!(
                "{named} approved, and printed {why}; it may print nothing, or \
                 {{\"drop\": {{\"node\": [0, 3]}}}} or {{\"drop\": {{\"node\": [\"key\"]}}}}"
            )
        })
    }

    /// Waits for it to end, as long as anybody waits for its answer.
    fn wait(&self, child: &mut Child) -> Result<ExitStatus, String> {
        let began = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Err(error) => return Err(format!("cannot be waited for: {error}")),
                Ok(None) => {}
            }
            let late = began.elapsed() >= self.timeout;
            if late || self.cancel.is_cancelled() {
                kill(child);
                let shown = terrace::core::show_duration(self.timeout);
                return Err(match late {
                    true => format!("did not decide within {shown}; `--approve-timeout` sets this"),
                    false => "was not waited for: the run was interrupted".to_owned(),
                });
            }
            thread::sleep(LOOK);
        }
    }
}

/// Ends a program and all that it started in its group.
fn kill(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // It may have ended just now.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    let _ = child.wait();
}

/// What a program that approved printed: nothing, or what to go on without.
fn answer(text: &[u8]) -> Result<Decision, String> {
    let text = std::str::from_utf8(text).map_err(|_| "what is no text".to_owned())?.trim();
    if text.is_empty() {
        return Ok(Decision::GoOn);
    }
    let json: Json = serde_json::from_str(text).map_err(|error| format!("no JSON ({error})"))?;
    let Json::Object(keys) = &json else { return Err("no JSON object".to_owned()) };
    if let Some(other) = keys.keys().find(|key| *key != "drop") {
        return Err(format!("an object with the unknown key {other:?}"));
    }
    let Some(Json::Object(nodes)) = keys.get("drop") else {
        return Err("an object whose `drop` is no object".to_owned());
    };
    let mut dropped = Vec::with_capacity(nodes.len());
    for (node, items) in nodes {
        let Json::Array(items) = items else {
            return Err(format!("something else than a list for node {node:?}"));
        };
        let which = |item: &Json| match item {
            Json::String(key) => Some(Which::Key(key.clone())),
            other => other.as_u64().and_then(|at| usize::try_from(at).ok()).map(Which::Index),
        };
        let items: Option<Vec<Which>> = items.iter().map(which).collect();
        let items = items.ok_or_else(|| {
            format!("a list for node {node:?} in which something is no position and no key")
        })?;
        dropped.push(Dropped { node: node.clone(), items });
    }
    Ok(Decision::GoOnWithout(dropped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_exactly() {
        assert_eq!(answer(b" \n"), Ok(Decision::GoOn));
        assert_eq!(
            answer(br#"{"drop": {"a": [0, "k"]}}"#),
            Ok(Decision::GoOnWithout(vec![Dropped {
                node: "a".into(),
                items: vec![Which::Index(0), Which::Key("k".into())],
            }]))
        );
        for wrong in [
            &b"yes"[..],
            b"[1]",
            b"{}",
            br#"{"drop": [1]}"#,
            br#"{"drop": {"a": 1}}"#,
            br#"{"drop": {"a": [-1]}}"#,
            br#"{"drop": {"a": [1.5]}}"#,
            br#"{"keep": {}}"#,
            b"\xff",
        ] {
            assert!(answer(wrong).is_err(), "{wrong:?}");
        }
    }
}

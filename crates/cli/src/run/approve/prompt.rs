//! [`Prompt`]: somebody at the terminal decides.

use std::io::{self, BufRead as _, Write as _};

use terrace::core::{Redactor, value_to_json};
use terrace::scheduler::{Approve, Checkpoint, Decision, Produced};

/// How much of a value is shown at first.
const SHORT: usize = 200;

/// Somebody at the terminal.
pub(super) struct Prompt {
    pub(super) redactor: Redactor,
}

impl Approve for Prompt {
    fn approve(&self, checkpoint: &Checkpoint) -> Decision {
        let nodes: Vec<&str> = checkpoint.produced.iter().map(|p| p.name.as_str()).collect();
        crate::say!("paused {}:", super::place(checkpoint.level, &nodes));
        self.show(checkpoint, SHORT);
        if !checkpoint.next.is_empty() {
            crate::say!("next: {}", checkpoint.next.join(", "));
        }
        loop {
            eprint!("go on? [y]es, [n]o, [s]how everything: ");
            // A terminal that went away is seen when nothing can be read.
            let _ = io::stderr().flush();
            let mut answer = String::new();
            match io::stdin().lock().read_line(&mut answer) {
                Ok(0) | Err(_) => {
                    return Decision::Stop { reason: "nobody answered".to_owned() };
                }
                Ok(_) => {}
            }
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return Decision::GoOn,
                "n" | "no" => return Decision::Stop { reason: "the answer was no".to_owned() },
                "s" | "show" => self.show(checkpoint, usize::MAX),
                _ => {}
            }
        }
    }
}

impl Prompt {
    fn show(&self, checkpoint: &Checkpoint, most: usize) {
        for Produced { name, status, value, error, .. } in &checkpoint.produced {
            let text = match (value, error) {
                (Some(value), _) => {
                    value_to_json(value).unwrap_or_else(|error| format!("<{error}>"))
                }
                (None, Some(error)) => error.to_string(),
                (None, None) => "nothing that anybody reads".to_owned(),
            };
            let text = self.redactor.mask(&text);
            let mut shown: String = text.chars().take(most).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            crate::say!("  {name} ({}): {shown}", status.name());
        }
    }
}

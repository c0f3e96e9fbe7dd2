//! Errors as people see them: with the line of the file and a caret under the place.
//!
//! The only file that knows annotate-snippets.

use std::io::IsTerminal as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use terrace::core::{Place, Problem, Problems};

use crate::output;

/// How many problems are drawn.
const SHOWN: usize = 100;

/// Draws problems to standard error, one after the other, and counts them.
pub(crate) fn print_problems(problems: &Problems) {
    output::say_drawn(&draw(problems, colour()));
}

/// Draws problems to standard error, one after the other, of which nobody needs to know how many.
pub(crate) fn print_each(problems: &[Problem]) {
    let renderer = renderer(colour());
    let drawn: Vec<String> = problems.iter().map(|problem| render(problem, &renderer)).collect();
    output::say_drawn(drawn.join("\n\n").trim_end());
}

fn renderer(colour: bool) -> Renderer {
    if colour { Renderer::styled() } else { Renderer::plain() }
}

/// Whether standard error takes colour.
pub(crate) fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

fn draw(problems: &Problems, colour: bool) -> String {
    let renderer = renderer(colour);
    let mut text = String::new();
    // Each drawing looks through the whole text: more than these nobody reads anyway.
    for problem in problems.iter().take(SHOWN) {
        text.push_str(&render(problem, &renderer));
        text.push_str("\n\n");
    }
    let count = problems.len();
    // One that is of the whole needs no counting.
    if count == 1 && problems.iter().all(|problem| matches!(problem.place, Place::Workflow)) {
        text.truncate(text.trim_end().len());
        return text;
    }
    text.push_str(&format!("{count} problem{} found", if count == 1 { "" } else { "s" }));
    if count > SHOWN {
        text.push_str(&format!(", the first {SHOWN} shown"));
    }
    text
}

fn render(problem: &Problem, renderer: &Renderer) -> String {
    let text = renderer.render(&groups(problem));
    if matches!(problem.place, Place::Text { .. }) {
        return text;
    }
    // Where no line is shown there is none to lead down from.
    let bar = |line: &&str| console::strip_ansi_codes(line).trim() != "|";
    text.lines().filter(bar).collect::<Vec<_>>().join("\n")
}

fn groups(problem: &Problem) -> Vec<Group<'_>> {
    let mut title = match &problem.place {
        Place::Node(name) => format!("node `{name}`: {}", problem.message),
        Place::Value(path) if !path.is_empty() => format!("at `{path}`: {}", problem.message),
        _ => problem.message.clone(),
    };
    // The renderer draws one line for a title.
    title = output::tame(&title.replace('\n', " ")).into_owned();
    let mut group = Group::with_title(Level::ERROR.primary_title(title));
    if let Place::Text { source, span } = &problem.place {
        let end = source.text().len();
        let clamp = |span: terrace::core::Span| span.start.min(end)..span.end.min(end);
        let mut snippet = Snippet::source(source.text())
            .path(source.name())
            .annotation(AnnotationKind::Primary.span(clamp(*span)));
        for (span, label) in &problem.related {
            snippet = snippet
                .annotation(AnnotationKind::Context.span(clamp(*span)).label(label.as_str()));
        }
        group = group.element(snippet);
    }
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    vec![group]
}

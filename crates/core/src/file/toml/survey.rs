//! A pass over the tokens of a TOML text: how deep it nests, how much it holds, where keys stand.
//!
//! It splits the text exactly as the lexer of the `toml` crate does, which knows no grammar
//! either, so strings and comments can hide nothing. From there it follows the grammar loosely:
//! on a text that breaks it, brackets that do not match stay open, so that the depth is rather
//! taken too high. The parser recovers from mistakes in ways of its own; at worst it sees a
//! header's path, 80 keys by its own limit, that is not counted here.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::super::parse::Limits;
use crate::source::Span;

/// Which limit a text passes, and where.
#[derive(Debug, PartialEq)]
pub(super) enum Excess {
    /// [`Limits::MAX_DEPTH`].
    Depth(Span),
    /// [`Limits::MAX_NODES`].
    Nodes(Span),
}

/// Checks the limits that must hold before the parser may see the text.
pub(super) fn check(text: &str) -> Result<(), Excess> {
    let mut walk = Walk::new(text);
    // Every value of a valid text but the root follows a `=`, a `[` or a `,`; counted are the
    // first and, unless a bracket follows, the last.
    let mut nodes = 0_usize;
    let mut after_comma = false;
    while let Some((token, span)) = walk.next() {
        match token {
            Token::Equals | Token::Comma => nodes += 1,
            Token::Close(_) if after_comma => nodes = nodes.saturating_sub(1),
            _ => {}
        }
        if token != Token::Newline {
            after_comma = token == Token::Comma;
        }
        if walk.depth() > Limits::MAX_DEPTH {
            return Err(Excess::Depth(span));
        }
        if nodes > Limits::MAX_NODES {
            return Err(Excess::Nodes(span));
        }
    }
    Ok(())
}

/// Where the keys of a text stand.
pub(super) struct Keys {
    /// The path of the key at each place.
    paths: HashMap<Span, u64>,
    /// The first place of each path.
    firsts: HashMap<u64, Span>,
    /// The last key of each header, in the order of the text.
    headers: Vec<Span>,
}

impl Keys {
    /// Reads the keys of a text up to the last of the places that will be asked for.
    pub(super) fn of(text: &str, wanted: &[Span]) -> Self {
        let end = wanted.iter().map(|span| span.end).max().unwrap_or_default();
        let mut keys = Self { paths: HashMap::new(), firsts: HashMap::new(), headers: Vec::new() };
        let mut walk = Walk::new(text);
        while let Some((_, token)) = walk.next() {
            for (path, span) in walk.keys.drain(..) {
                keys.paths.insert(span, path);
                keys.firsts.entry(path).or_insert(span);
            }
            keys.headers.extend(walk.header_key.take());
            // The key before the token that completes it is known only then.
            if token.start > end && walk.run.is_empty() {
                break;
            }
        }
        keys
    }

    /// The first place of the key that stands, once more, at `span`.
    pub(super) fn first(&self, span: Span) -> Option<Span> {
        let first = self.firsts.get(self.paths.get(&span)?)?;
        (*first != span).then_some(*first)
    }

    /// The last key of each header, with its section: from the header to the next one.
    pub(super) fn sections(&self, text: &str) -> impl Iterator<Item = (Span, Span)> {
        let line = |header: &Span| text[..header.start].rfind('\n').map_or(0, |at| at + 1);
        let ends = self.headers.iter().skip(1).map(line).chain([text.len()]);
        self.headers
            .iter()
            .zip(ends)
            .map(move |(&header, end)| (header, Span::new(line(&header), end)))
    }

    /// The last key of the header that opens the section of `span`.
    pub(super) fn header_before(&self, span: Span) -> Option<Span> {
        let after = self.headers.partition_point(|header| header.start <= span.start);
        self.headers[..after].last().copied()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Dot,
    Equals,
    Comma,
    Open(u8),
    Close(u8),
    Newline,
    /// A key, or a scalar, or the part of a float beside its point.
    Word,
}

/// The tokens that matter, without blanks and comments.
struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = (Token, Span);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.at;
            let rest = &self.text.as_bytes()[start..];
            let (token, length) = match *rest.first()? {
                b'.' => (Some(Token::Dot), 1),
                b'=' => (Some(Token::Equals), 1),
                b',' => (Some(Token::Comma), 1),
                open @ (b'[' | b'{') => (Some(Token::Open(open)), 1),
                b']' => (Some(Token::Close(b'[')), 1),
                b'}' => (Some(Token::Close(b'{')), 1),
                b'\n' | b'\r' => (Some(Token::Newline), 1),
                b' ' | b'\t' => (None, 1),
                b'#' => (None, until(rest, 0, b"\r\n")),
                quote @ (b'"' | b'\'') => (Some(Token::Word), string(rest, quote)),
                _ => (Some(Token::Word), until(rest, 0, b".=,[]{} \t#\r\n")),
            };
            self.at += length;
            if let Some(token) = token {
                return Some((token, Span::new(start, self.at)));
            }
        }
    }
}

/// The first of these bytes at or after `from`, or the end.
fn until(bytes: &[u8], from: usize, stops: &[u8]) -> usize {
    let found = bytes[from..].iter().position(|byte| stops.contains(byte));
    found.map_or(bytes.len(), |at| from + at)
}

/// How long the string at the start is, closed or not.
fn string(bytes: &[u8], quote: u8) -> usize {
    let three = [quote; 3];
    let long = bytes.starts_with(&three);
    let mut at = if long { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 2,
            b'\n' if !long => return at,
            byte if byte == quote && !long => return at + 1,
            _ if long && bytes[at..].starts_with(&three) => {
                // Up to two more quotes belong to the text.
                let extra = bytes[at + 3..].iter().take(2).take_while(|&&byte| byte == quote);
                return at + 3 + extra.count();
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// An open bracket of a value.
struct Frame {
    bracket: u8,
    /// Keys between the bracket around this one and itself.
    keys: usize,
    /// Path of the table or, for a list, of its current item.
    path: u64,
}

/// The walk: after each [`Walk::next`], what the token has changed.
struct Walk<'t> {
    tokens: Tokens<'t>,
    text: &'t str,
    hasher: RandomState,
    /// Path and depth of the current header's table.
    section: (u64, usize),
    /// Number of brackets of the header being read; 0 outside of one.
    header: usize,
    /// Last key of the header just read.
    header_key: Option<Span>,
    frames: Vec<Frame>,
    /// Words with dots between them, which are a key once a `=` or the end of a header comes.
    run: Vec<Span>,
    /// Whether the run ends in a word, so that another one begins a new run.
    run_complete: bool,
    /// Path and length of the key whose value is awaited.
    awaited: (u64, usize),
    /// How many elements each `[[path]]` has so far.
    elements: HashMap<u64, u64>,
    /// Paths and places of the keys just read.
    keys: Vec<(u64, Span)>,
    line_start: bool,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str) -> Self {
        let skip = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            tokens: Tokens { text, at: skip },
            text,
            hasher: RandomState::new(),
            section: (0, 1),
            header: 0,
            header_key: None,
            frames: Vec::new(),
            run: Vec::new(),
            run_complete: false,
            awaited: (0, 0),
            elements: HashMap::new(),
            keys: Vec::new(),
            line_start: true,
        }
    }

    /// Collections around the current place.
    fn depth(&self) -> usize {
        if self.header > 0 {
            return self.run.len() + self.header;
        }
        let frames: usize = self.frames.iter().map(|frame| frame.keys + 1).sum();
        self.section.1 + frames + self.awaited.1.saturating_sub(1)
    }

    fn next(&mut self) -> Option<(Token, Span)> {
        let (token, span) = self.tokens.next()?;
        self.keys.clear();
        let line_start = std::mem::take(&mut self.line_start);
        match token {
            Token::Word => {
                if self.run_complete {
                    self.run.clear();
                }
                self.run.push(span);
                self.run_complete = true;
            }
            Token::Dot => self.run_complete = false,
            Token::Newline => {
                self.clear_run();
                self.header = 0;
                if self.frames.is_empty() {
                    self.awaited = (0, 0);
                    self.line_start = true;
                }
            }
            Token::Open(b'[') if line_start && self.frames.is_empty() => self.header = 1,
            Token::Open(_) if self.header == 1 && self.run.is_empty() => self.header = 2,
            Token::Open(bracket) => {
                let (mut path, keys) = std::mem::take(&mut self.awaited);
                if keys == 0 {
                    path = self.base();
                }
                let path = if bracket == b'[' { self.hasher.hash_one((path, 0_u64)) } else { path };
                self.frames.push(Frame { bracket, keys: keys.saturating_sub(1), path });
                self.clear_run();
            }
            Token::Close(_) if self.header > 0 => self.end_header(),
            Token::Close(bracket) => {
                if self.frames.last().is_some_and(|frame| frame.bracket == bracket) {
                    self.frames.pop();
                }
                self.awaited = (0, 0);
                self.clear_run();
            }
            Token::Comma => {
                self.awaited = (0, 0);
                self.clear_run();
                if let Some(Frame { bracket: b'[', path, .. }) = self.frames.last_mut() {
                    *path = self.hasher.hash_one((*path, 1_u64));
                }
            }
            Token::Equals => {
                let mut path = self.base();
                for span in std::mem::take(&mut self.run) {
                    path = self.child(path, span);
                    self.keys.push((path, span));
                }
                self.run_complete = false;
                self.awaited = (path, self.awaited.1 + self.keys.len());
            }
        }
        Some((token, span))
    }

    fn clear_run(&mut self) {
        self.run.clear();
        self.run_complete = false;
    }

    /// Path of the innermost table or item.
    fn base(&self) -> u64 {
        self.frames.last().map_or(self.section.0, |frame| frame.path)
    }

    fn child(&self, path: u64, key: Span) -> u64 {
        self.hasher.hash_one((path, super::decoded(self.text, key).as_ref()))
    }

    fn end_header(&mut self) {
        let run = std::mem::take(&mut self.run);
        let mut path = 0;
        for (index, &span) in run.iter().enumerate() {
            path = self.child(path, span);
            self.keys.push((path, span));
            let last = index + 1 == run.len();
            if last && self.header == 2 {
                *self.elements.entry(path).or_default() += 1;
            }
            // A header speaks of the last element so far, unless it is what adds one.
            if let Some(element) = self.elements.get(&path).filter(|_| !last || self.header == 2) {
                path = self.hasher.hash_one((path, *element));
            }
        }
        if let Some(&key) = run.last() {
            self.header_key = Some(key);
            self.section = (path, run.len() + self.header);
        }
        self.header = 0;
        self.run_complete = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_without_the_comma_at_the_end() {
        for (items, beyond) in [(Limits::MAX_NODES - 1, false), (Limits::MAX_NODES + 1, true)] {
            let text = format!("a = [{}]", "1, # ,\n".repeat(items));
            assert_eq!(matches!(check(&text), Err(Excess::Nodes(_))), beyond, "{items}");
        }
    }

    #[test]
    fn strings_and_comments_hide_their_brackets() {
        let open = "[".repeat(100);
        for text in [
            format!("a = '''{open}''{open}'''''\nb = 1 # {open}"),
            format!("a = \"\"\"{open}\\\"\"\"{open}\"\"\"\"\"\nb = 1"),
            format!("a = \"{open}\\\"{open}\"\nb = '{open}\\'\nc = \"{open}\nd = '{open}\n"),
        ] {
            assert_eq!(check(&text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_path_names_the_same_key_however_it_is_written() {
        let text = "a.b = 1\n['a'.\"c\"]\nd = [{ e = 1 }, { e = 2 }]\n[[a.l]]\nx = 1\n[[a.l]]\nx = 2\n\
                    [a.l.m]\n\"\\u0061\" = 1\n[\"\\u0061\".n]\n";
        let keys = Keys::of(text, &[Span::new(0, text.len())]);
        let first = |of: &str, nth: usize| {
            let (start, part) = text.match_indices(of).nth(nth).unwrap();
            keys.first(Span::new(start, start + part.len())).map(|span| span.start)
        };
        assert_eq!(first("'a'", 0), Some(0));
        assert_eq!(first("\"c\"", 0), None);
        assert_eq!(first("e", 1), None, "two items of a list");
        assert_eq!(first("x", 1), None, "two elements of an array of tables");
        assert_eq!(first("\"\\u0061\"", 0), None, "inside another table");
        assert_eq!(first("\"\\u0061\"", 1), Some(0));
    }
}

//! YAML into the tree; nothing outside this file and [`mistake`] knows granit-parser.
//!
//! Events become a flat [`Entry`] list first, and the tree is grown from it at the end. In the
//! list an alias is one entry that names its target, and every finished entry knows how many
//! nodes and how much text it stands for; so the size of an expansion is known, and refused, before anything is
//! copied, and a "billion laughs" file costs no more than its own length.
//!
//! Plain scalars are resolved in [`scalar`], and a broken grammar is explained in [`mistake`].
//! Decisions beyond the core schema: a key is the text
//! as written, whatever it would be as a value (`1:`, `true:`); lists, maps and aliases as keys,
//! merge keys, tags outside the core schema and further documents are refused; an empty file is
//! null.

mod mistake;
mod scalar;

use std::collections::HashMap;
use std::ops::ControlFlow;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use self::scalar::Refused;
use super::parse::{INTEGERS, Limits, Report, firsts, quoted};
use super::tree::{Key, Kind, Tree};
use crate::source::Span;

/// Reads YAML; `None` after a problem that leaves no tree.
pub(super) fn read(report: &mut Report<'_>) -> Option<Tree> {
    let text = report.text();
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        // The scanner runs ahead of the events; without these it would go deeper than we follow.
        flow_nesting_limit: Limits::MAX_DEPTH,
        block_nesting_limit: Limits::MAX_DEPTH,
    };
    let mut builder = Builder::new(report);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok((event, span)) => (event, span),
            Err(error) => {
                mistake::explain(builder.report, builder.cursor, builder.last, &error);
                return None;
            }
        };
        let tag = span.tag_span().map(bytes);
        let span = bytes(span);
        if builder.step(event, span, tag).is_break() {
            return None;
        }
        builder.cursor = builder.cursor.max(span.end);
        builder.last = span;
    }
    Some(builder.finish())
}

/// Byte offsets are always there for a parser over a `&str`.
fn bytes(span: granit_parser::Span) -> Span {
    let at = |marker: granit_parser::Marker| marker.byte_offset().unwrap_or_default();
    Span::new(at(span.start), at(span.end))
}

/// A node as the events gave it, followed in the list by its children.
struct Entry {
    /// The key it stands under; `None` in a list, and where the key was refused.
    key: Option<Key>,
    what: What,
    span: Span,
    /// Size of the tree it stands for, without its own key; no nodes while the collection is open.
    size: Size,
    /// Collections around its deepest value, itself included.
    height: usize,
    /// Index of the entry after its last descendant.
    next: usize,
}

/// How much a tree holds, aliases expanded.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    /// Bytes of its keys and strings.
    bytes: usize,
}

impl Size {
    fn of(what: &What) -> Self {
        let bytes = if let What::Leaf(Kind::Str(text)) = what { text.len() } else { 0 };
        Self { nodes: 1, bytes }
    }
}

enum What {
    Leaf(Kind),
    Seq,
    Map,
    Alias(usize),
}

/// A collection whose end has not come yet.
struct Frame {
    entry: usize,
    slot: Slot,
    /// The builder's size before this collection.
    before: Size,
    height: usize,
    /// Where the last child ended.
    end: usize,
    style: StructureStyle,
}

/// What a collection expects next.
enum Slot {
    Item,
    Key,
    /// The value of this key, or of a refused one.
    Value(Option<Key>),
}

struct Builder<'r, 's> {
    report: &'r mut Report<'s>,
    text: &'s str,
    entries: Vec<Entry>,
    frames: Vec<Frame>,
    /// Entry of each anchor; `None` for one on a key.
    anchors: HashMap<usize, Option<usize>>,
    /// Size of the tree so far.
    size: Size,
    documents: usize,
    /// Where the events so far ended.
    cursor: usize,
    /// The place of the last event.
    last: Span,
    /// Open collections of a refused key, which is skipped.
    skipped: usize,
    /// Aliases around the entry being grown.
    aliases: usize,
}

impl<'r, 's> Builder<'r, 's> {
    fn new(report: &'r mut Report<'s>) -> Self {
        Self {
            text: report.text(),
            report,
            entries: Vec::new(),
            frames: Vec::new(),
            anchors: HashMap::new(),
            size: Size::default(),
            documents: 0,
            cursor: 0,
            last: Span::default(),
            skipped: 0,
            aliases: 0,
        }
    }

    /// Takes in one event; breaks where reading on makes no sense.
    fn step(&mut self, event: Event<'_>, span: Span, tag: Option<Span>) -> ControlFlow<()> {
        if self.skipped > 0 {
            match event {
                Event::SequenceStart(..) | Event::MappingStart(..) => self.skipped += 1,
                Event::SequenceEnd | Event::MappingEnd => self.skipped -= 1,
                _ => {}
            }
            return ControlFlow::Continue(());
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let problem =
                        self.report.problem(span, "a second YAML document begins here").with_help(
                            "a workflow file is one document: remove the `---` or `...` before it",
                        );
                    self.report.push(problem);
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            }
            Event::Scalar(text, style, anchor, resolved) => {
                let tag = resolved.as_deref().zip(tag.or(Some(span)));
                self.scalar(&text, style, anchor, tag, span)
            }
            Event::SequenceStart(style, anchor, resolved) => {
                let tag = resolved.as_deref().zip(tag.or(Some(span)));
                self.open(What::Seq, style, anchor, tag, span)
            }
            Event::MappingStart(style, anchor, resolved) => {
                let tag = resolved.as_deref().zip(tag.or(Some(span)));
                self.open(What::Map, style, anchor, tag, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(span);
                ControlFlow::Continue(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                let problem = self
                    .report
                    .problem(span, format!("unknown alias {}", quoted(&format!("*{name}"))))
                    .with_help(
                        "an alias needs an anchor `&name` before it; quote the text if it is none",
                    );
                self.report.push(problem);
                self.placeholder(span)
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { slot: Slot::Key, .. }))
    }

    fn refuse_key(&mut self, span: Span, message: &str, help: &str) {
        let problem = self.report.problem(span, message).with_help(help);
        self.report.push(problem);
        self.set_key(None);
    }

    fn set_key(&mut self, key: Option<Key>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.slot = Slot::Value(key);
        }
    }

    /// A null in the place of something that was refused.
    fn placeholder(&mut self, span: Span) -> ControlFlow<()> {
        if self.expects_key() {
            self.set_key(None);
            return ControlFlow::Continue(());
        }
        self.leaf(What::Leaf(Kind::Null), span)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<(&Tag, Span)>,
        span: Span,
    ) -> ControlFlow<()> {
        // The parser gives a missing node as a plain `~` (or, with a tag, as nothing).
        let missing = style == ScalarStyle::Plain && span.start == span.end;
        let text = if missing { "" } else { text };
        if self.expects_key() {
            if anchor != 0 {
                self.anchors.insert(anchor, None);
            }
            self.key(text, style, tag, span);
            return ControlFlow::Continue(());
        }
        let span = self.scalar_span(style, span, missing);
        let kind = match self.resolve(text, style, tag) {
            Ok(kind) => kind,
            Err(Refused::Integer) => {
                self.report.too_big(span, INTEGERS);
                Kind::Null
            }
            Err(Refused::Float) => {
                self.report.too_large(span);
                Kind::Null
            }
            Err(Refused::Tag) => {
                if let Some((tag, at)) = tag {
                    self.refuse_tag(tag, at, &quoted(text));
                }
                Kind::Null
            }
        };
        if anchor != 0 {
            self.anchors.insert(anchor, Some(self.entries.len()));
        }
        self.leaf(What::Leaf(kind), span)
    }

    fn key(&mut self, text: &str, style: ScalarStyle, tag: Option<(&Tag, Span)>, span: Span) {
        let plain = style == ScalarStyle::Plain;
        if let Some((tag, at)) = tag.filter(|(tag, _)| tag.core_suffix() != Some("str")) {
            self.refuse_tag(tag, at, "a key");
            self.set_key(None);
        } else if plain && span.start == span.end {
            self.refuse_key(span, "a key is missing here", "an empty key is written `\"\"`");
        } else if plain && text == "<<" {
            self.refuse_key(
                span,
                "merge keys `<<` are not supported; YAML 1.2 has none",
                "write the entries out, or repeat a whole value by an alias",
            );
        } else {
            self.set_key(Some(Key { name: text.to_owned(), span }));
        }
    }

    fn resolve(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<(&Tag, Span)>,
    ) -> Result<Kind, Refused> {
        match tag {
            None if style == ScalarStyle::Plain => scalar::plain(text),
            None => Ok(Kind::Str(text.to_owned())),
            // `!` alone says "not a plain one".
            Some((tag, _)) if tag.parts() == ("", "!") || tag.parts() == ("!", "") => {
                Ok(Kind::Str(text.to_owned()))
            }
            Some((tag, _)) => match tag.core_suffix() {
                Some(name) => scalar::tagged(name, text),
                None => Err(Refused::Tag),
            },
        }
    }

    fn refuse_tag(&mut self, tag: &Tag, at: Span, subject: &str) {
        let tag_text = self.text.get(at.range()).map(quoted).unwrap_or_default();
        let problem = if tag.is_yaml_core_schema() {
            self.report
                .problem(at, format!("the tag {tag_text} does not fit {subject}"))
                .with_help("remove the tag")
        } else {
            self.report
                .problem(at, format!("unknown tag {tag_text}"))
                .with_help("remove it; text that begins with `!` must be quoted")
        };
        self.report.push(problem);
    }

    fn open(
        &mut self,
        what: What,
        style: StructureStyle,
        anchor: usize,
        tag: Option<(&Tag, Span)>,
        span: Span,
    ) -> ControlFlow<()> {
        let (name, noun) = match what {
            What::Seq => ("seq", "a list"),
            _ => ("map", "a map"),
        };
        if self.expects_key() {
            let message = format!("{noun} cannot be a key");
            self.refuse_key(
                span,
                &message,
                "use a text as key; quote text that begins with `[` or `{`",
            );
            self.skipped = 1;
            return ControlFlow::Continue(());
        }
        if let Some((tag, at)) = tag.filter(|(tag, _)| tag.core_suffix() != Some(name)) {
            self.refuse_tag(tag, at, noun);
        }
        if self.frames.len() == Limits::MAX_DEPTH {
            self.report.too_deep(span);
            return ControlFlow::Break(());
        }
        let entry = self.entries.len();
        if anchor != 0 {
            self.anchors.insert(anchor, Some(entry));
        }
        let slot = if matches!(what, What::Seq) { Slot::Item } else { Slot::Key };
        let span = self.collection_span(&what, style, span);
        self.leaf(what, span)?;
        self.entries[entry].size = Size::default();
        let before = Size { nodes: self.size.nodes - 1, bytes: self.size.bytes };
        self.frames.push(Frame { entry, slot, before, height: 0, end: span.end, style });
        ControlFlow::Continue(())
    }

    fn close(&mut self, span: Span) {
        let Some(frame) = self.frames.pop() else { return };
        let next = self.entries.len();
        let entry = &mut self.entries[frame.entry];
        let end = match frame.style {
            StructureStyle::Flow => span.end,
            StructureStyle::Block => frame.end,
        };
        entry.span = Span::new(entry.span.start, end);
        entry.size.nodes = self.size.nodes - frame.before.nodes;
        entry.size.bytes = self.size.bytes - frame.before.bytes;
        entry.height = frame.height + 1;
        entry.next = next;
        if let Some(parent) = self.frames.last_mut() {
            parent.height = parent.height.max(frame.height + 1);
            parent.end = end;
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> ControlFlow<()> {
        if self.expects_key() {
            self.refuse_key(span, "an alias cannot be a key", "write the key out");
            return ControlFlow::Continue(());
        }
        let name = self.text.get(span.range()).map(quoted).unwrap_or_default();
        let (message, help) = match self.anchors.get(&anchor).copied().flatten() {
            None => (format!("the anchor of {name} stands on a key"), "put the anchor on a value"),
            Some(target) if self.entries[target].size.nodes == 0 => {
                (format!("the alias {name} stands inside its own anchor"), "write the value out")
            }
            Some(target) => {
                let Entry { size, height, .. } = self.entries[target];
                if self.frames.len() + height > Limits::MAX_DEPTH {
                    self.report.too_deep(span);
                    return ControlFlow::Break(());
                }
                return self.add(What::Alias(target), span, size, height);
            }
        };
        let problem = self.report.problem(span, message).with_help(help);
        self.report.push(problem);
        self.placeholder(span)
    }

    /// Appends a scalar, or a collection that is still empty.
    fn leaf(&mut self, what: What, span: Span) -> ControlFlow<()> {
        let size = Size::of(&what);
        self.add(what, span, size, 0)
    }

    /// Appends an entry to the open collection, if the tree stays within the limits.
    fn add(&mut self, what: What, span: Span, size: Size, height: usize) -> ControlFlow<()> {
        let mut key = None;
        if let Some(frame) = self.frames.last_mut() {
            frame.height = frame.height.max(height);
            frame.end = frame.end.max(span.end);
            if let Slot::Value(for_key) = &mut frame.slot {
                key = for_key.take();
                frame.slot = Slot::Key;
            }
        }
        self.size.nodes += size.nodes;
        self.size.bytes += size.bytes + key.as_ref().map_or(0, |key: &Key| key.name.len());
        let excess = if self.size.nodes > Limits::MAX_NODES {
            Some(format!("more than {} values", Limits::MAX_NODES))
        } else if self.size.bytes > Limits::MAX_TEXT {
            Some(format!("more than {} bytes of keys and strings", Limits::MAX_TEXT))
        } else {
            None
        };
        if let Some(excess) = excess {
            let problem = match what {
                What::Alias(_) => self
                    .report
                    .problem(span, format!("with this alias expanded, {excess}"))
                    .with_help("each alias counts as much as what it repeats"),
                _ => self
                    .report
                    .problem(span, excess)
                    .with_help("keep data in files of its own and name them in the workflow"),
            };
            self.report.push(problem);
            return ControlFlow::Break(());
        }
        let next = self.entries.len() + 1;
        self.entries.push(Entry { key, what, span, size, height, next });
        ControlFlow::Continue(())
    }

    fn finish(mut self) -> Tree {
        if self.entries.is_empty() {
            return Tree::new(Kind::Null, Span::default());
        }
        self.grow(0)
    }

    /// Makes the tree of an entry. Recurses; the depth was checked with aliases expanded.
    fn grow(&mut self, at: usize) -> Tree {
        let Entry { span, next, .. } = self.entries[at];
        // Without anchors each is grown once.
        let once = self.anchors.is_empty();
        let kind = match &mut self.entries[at].what {
            What::Leaf(kind) if once => std::mem::replace(kind, Kind::Null),
            What::Leaf(kind) => kind.clone(),
            What::Alias(target) => {
                let target = *target;
                self.aliases += 1;
                let kind = self.grow(target).kind;
                self.aliases -= 1;
                kind
            }
            What::Seq => {
                let mut items = Vec::new();
                let mut child = at + 1;
                while child < next {
                    items.push(self.grow(child));
                    child = self.entries[child].next;
                }
                Kind::Seq(items)
            }
            What::Map => {
                let mut entries = Vec::new();
                let mut child = at + 1;
                while child < next {
                    let key = &mut self.entries[child].key;
                    if let Some(key) = if once { key.take() } else { key.clone() } {
                        entries.push((key, self.grow(child)));
                    }
                    child = self.entries[child].next;
                }
                Kind::Map(firsts(entries, |key, first| {
                    // Once is enough: an expanded map is the same map again.
                    if self.aliases == 0 {
                        self.report.duplicate(&key.name, key.span, Some(first.span));
                    }
                }))
            }
        };
        Tree::new(kind, span)
    }

    /// The parser's span of a block scalar lacks its `|` or `>` and includes the line breaks
    /// after it; that of a missing value stands in front of the colon.
    fn scalar_span(&self, style: ScalarStyle, span: Span, missing: bool) -> Span {
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let header = seek(self.text, self.cursor, b"|>").filter(|&at| at <= span.start);
                let start = header.unwrap_or(span.start);
                Span::new(start, start + trimmed(self.text, start, span.end).len())
            }
            _ if missing => {
                let rest = &self.text[span.start..];
                let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                let after = span.start + blank + 1;
                let in_map = matches!(self.frames.last(), Some(Frame { slot: Slot::Value(_), .. }));
                if in_map && rest[blank..].starts_with(':') {
                    Span::new(after, after)
                } else {
                    span
                }
            }
            _ => span,
        }
    }

    /// A block list that is not indented below its key gets its first item's place from the
    /// parser, one dash too far.
    fn collection_span(&self, what: &What, style: StructureStyle, span: Span) -> Span {
        let under_key = matches!(self.frames.last(), Some(Frame { slot: Slot::Value(_), .. }));
        if matches!(what, What::Seq) && style == StructureStyle::Block && under_key {
            let dash = seek(self.text, self.cursor, b"-").filter(|&at| at <= span.start);
            return Span::new(dash.unwrap_or(span.start), span.end);
        }
        span
    }
}

/// The first of these bytes at or after `from`, past comments, anchors and tags.
fn seek(text: &str, from: usize, wanted: &[u8]) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        let until: &[u8] = match byte {
            byte if wanted.contains(byte) => return Some(at),
            b'#' => b"\r\n",
            b'&' | b'!' => b" \t\r\n",
            _ => {
                at += 1;
                continue;
            }
        };
        at += bytes[at..].iter().position(|byte| until.contains(byte))?;
    }
    None
}

/// A part of the text without the white space at its end.
fn trimmed(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default().trim_end_matches([' ', '\t', '\r', '\n'])
}

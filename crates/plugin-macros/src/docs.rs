//! Doc comments as text, and several mistakes as one error.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of an item's doc comments, without the blank that follows `///`.
pub(crate) fn text(attrs: &[Attribute]) -> String {
    let lines: Vec<String> = attrs.iter().filter_map(line).collect();
    let lines: Vec<&str> = lines.iter().flat_map(|text| text.lines()).collect();
    // A block comment or `#[doc]` may indent all its lines; `///` does by one blank.
    let indent = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> =
        lines.iter().map(|line| line.get(indent..).unwrap_or("").trim_end()).collect();
    lines.join("\n").trim().to_owned()
}

fn line(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(blank(text.value())),
            _ => None,
        },
        _ => None,
    }
}

/// An empty line has no line of its own in `str::lines`.
fn blank(text: String) -> String {
    if text.is_empty() {
        String::from("\n")
    } else {
        text
    }
}

/// Collects errors, so that all mistakes show at once.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Notes a mistake at some tokens.
    pub(crate) fn at(&mut self, tokens: impl quote::ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

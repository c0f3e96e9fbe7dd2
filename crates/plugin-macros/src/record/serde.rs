//! Serde's attributes: which of them a port type honours, and serde's rules for renaming.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::parse::Parse;
use syn::{Attribute, ExprPath, LitStr, Token};

use crate::docs::Errors;

/// How names are changed, by the names serde has for it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const CASES: [(&str, Case); 8] = [
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
];

impl Case {
    /// A variant's name, which Rust writes in PascalCase.
    pub(super) fn of_variant(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_owned(),
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Camel => {
                let mut chars = name.chars();
                let first = chars.next().map(|c| c.to_ascii_lowercase());
                first.into_iter().chain(chars).collect()
            }
            Self::Snake => {
                let mut snake = String::new();
                for (at, c) in name.char_indices() {
                    if at > 0 && c.is_uppercase() {
                        snake.push('_');
                    }
                    snake.push(c.to_ascii_lowercase());
                }
                snake
            }
            Self::ScreamingSnake => Self::Snake.of_variant(name).to_ascii_uppercase(),
            Self::Kebab => Self::Snake.of_variant(name).replace('_', "-"),
            Self::ScreamingKebab => Self::ScreamingSnake.of_variant(name).replace('_', "-"),
        }
    }

    /// A field's name, which Rust writes in snake_case.
    pub(super) fn of_field(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Pascal => {
                let mut pascal = String::new();
                let mut capital = true;
                for c in name.chars() {
                    if c == '_' {
                        capital = true;
                    } else if capital {
                        pascal.push(c.to_ascii_uppercase());
                        capital = false;
                    } else {
                        pascal.push(c);
                    }
                }
                pascal
            }
            Self::Camel => Self::Camel.of_variant(&Self::Pascal.of_field(name)),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => Self::ScreamingSnake.of_field(name).replace('_', "-"),
        }
    }
}

/// What stands in where a field is missing.
#[derive(Clone)]
pub(super) enum DefaultIs {
    /// `Default::default()`.
    Std,
    /// A function.
    Path(ExprPath),
}

impl DefaultIs {
    pub(super) fn call(&self) -> TokenStream {
        match self {
            Self::Std => quote!(::core::default::Default::default()),
            Self::Path(path) => quote!(#path()),
        }
    }
}

/// Where an attribute stands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    Struct,
    Enum,
    Variant,
    Field,
}

impl Place {
    fn known(self) -> &'static [&'static str] {
        match self {
            Self::Struct => {
                &["rename_all", "default", "transparent", "deny_unknown_fields", "rename"]
            }
            Self::Enum => &[
                "rename_all",
                "rename_all_fields",
                "tag",
                "content",
                "deny_unknown_fields",
                "rename",
            ],
            Self::Variant => &["rename", "rename_all", "alias", "skip"],
            Self::Field => &["rename", "alias", "default", "skip", "skip_serializing_if"],
        }
    }
}

/// The attributes of a type, a variant or a field.
#[derive(Default)]
pub(super) struct Attrs {
    pub(super) rename: Option<String>,
    pub(super) rename_all: Option<Case>,
    pub(super) rename_all_fields: Option<Case>,
    pub(super) alias: Vec<String>,
    pub(super) default: Option<DefaultIs>,
    pub(super) skip: bool,
    pub(super) skip_if: Option<ExprPath>,
    pub(super) tag: Option<String>,
    pub(super) content: Option<String>,
    pub(super) transparent: bool,
    pub(super) deny_unknown: bool,
}

impl Attrs {
    pub(super) fn read(attrs: &[Attribute], place: Place, errors: &mut Errors) -> Self {
        let mut found = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
            if let Err(error) = attr.parse_nested_meta(|meta| found.set(&meta, place)) {
                errors.push(error);
            }
        }
        found
    }

    fn set(&mut self, meta: &ParseNestedMeta<'_>, place: Place) -> syn::Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        // Says how serde's own code is written, not what the data looks like.
        if ["bound", "crate", "expecting"].contains(&key.as_str()) {
            meta.value()?.parse::<LitStr>()?;
            return Ok(());
        }
        if !place.known().contains(&key.as_str()) {
            let known = place.known().join("`, `");
            let message = format!(
                "`Record` does not support serde's `{}` here; of its attributes it honours `{}`",
                key, known
            );
            return Err(meta.error(message));
        }
        match key.as_str() {
            "rename" => self.rename = Some(text(meta)?),
            "rename_all" => self.rename_all = Some(case(meta)?),
            "rename_all_fields" => self.rename_all_fields = Some(case(meta)?),
            "alias" => self.alias.push(text(meta)?),
            "tag" => self.tag = Some(text(meta)?),
            "content" => self.content = Some(text(meta)?),
            "skip" => self.skip = true,
            "transparent" => self.transparent = true,
            "deny_unknown_fields" => self.deny_unknown = true,
            "skip_serializing_if" => self.skip_if = Some(path(meta)?),
            _ if meta.input.peek(Token![=]) => self.default = Some(DefaultIs::Path(path(meta)?)),
            _ => self.default = Some(DefaultIs::Std),
        }
        Ok(())
    }
}

fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<String> {
    if !meta.input.peek(Token![=]) {
        return Err(meta.error(
            "`Record` supports one name for both directions: `rename = \"…\"`, without `serialize` and `deserialize`",
        ));
    }
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

fn path(meta: &ParseNestedMeta<'_>) -> syn::Result<ExprPath> {
    meta.value()?.parse::<LitStr>()?.parse_with(ExprPath::parse)
}

fn case(meta: &ParseNestedMeta<'_>) -> syn::Result<Case> {
    let name = text(meta)?;
    let found = CASES.iter().find(|(known, _)| *known == name);
    found.map(|(_, case)| *case).ok_or_else(|| {
        let known: Vec<&str> = CASES.iter().map(|(known, _)| *known).collect();
        meta.error(format!("`{}` is not one of {}", name, known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected names are those of serde_derive's own test of its cases.
    #[test]
    fn names_change_as_serde_changes_them() {
        let rows = [
            ("VeryTasty", "verytasty", "VERYTASTY", "veryTasty", "very_tasty"),
            ("Z42", "z42", "Z42", "z42", "z42"),
        ];
        for (name, lower, upper, camel, snake) in rows {
            assert_eq!(Case::Pascal.of_variant(name), name);
            assert_eq!(Case::Lower.of_variant(name), lower);
            assert_eq!(Case::Upper.of_variant(name), upper);
            assert_eq!(Case::Camel.of_variant(name), camel);
            assert_eq!(Case::Snake.of_variant(name), snake);
        }
        assert_eq!(Case::ScreamingSnake.of_variant("VeryTasty"), "VERY_TASTY");
        assert_eq!(Case::Kebab.of_variant("VeryTasty"), "very-tasty");
        assert_eq!(Case::ScreamingKebab.of_variant("VeryTasty"), "VERY-TASTY");
        assert_eq!(Case::Pascal.of_field("very_tasty"), "VeryTasty");
        assert_eq!(Case::Camel.of_field("very_tasty"), "veryTasty");
        assert_eq!(Case::Lower.of_field("very_tasty"), "very_tasty");
        assert_eq!(Case::Upper.of_field("very_tasty"), "VERY_TASTY");
        assert_eq!(Case::Kebab.of_field("very_tasty"), "very-tasty");
        assert_eq!(Case::ScreamingKebab.of_field("very_tasty"), "VERY-TASTY");
    }
}

//! The head of a workflow file: packs and inputs.

use std::collections::HashSet;

use super::Reader;
use super::keys::Keys;
use super::value::Texts;
use crate::draft::{InputDraft, PackRequirement};
use crate::file::parse::quoted;
use crate::file::{Key, Kind, Tree};
use crate::types::Type;
use crate::validate::is_name;

const PACK: Keys = Keys {
    known: &["version", "as", "pack"],
    planned: &["config", "isolation"],
    elsewhere: &[],
    example: "write its version, as in `\"^0.1\"`, or `{ version: \"^0.1\", as: q }`",
};

const INPUT: Keys = Keys {
    known: &["type", "default", "description", "secret", "from"],
    planned: &[],
    elsewhere: &[],
    example: "write its type, as in `f64`, or `{ type: f64, default: 0.5 }`",
};

impl<'t> Reader<'t> {
    pub(super) fn packs(&mut self, tree: &'t Tree) -> Vec<PackRequirement> {
        let mut packs: Vec<PackRequirement> = Vec::new();
        let mut aliases = HashSet::new();
        for (key, tree) in self.entries(tree, "`packs`") {
            let Some(pack) = self.pack(key, tree) else { continue };
            if !aliases.insert(pack.alias.clone()) {
                let message = format!("two packs are called `{}`", pack.alias);
                let help = "give one of them another name by `as`".to_owned();
                self.report(key.span, message, Some(help));
            }
            packs.push(pack);
        }
        packs
    }

    /// `quantum: "^0.1"`, `quantum: { version: "^0.1", as: q }` or
    /// `q: { pack: quantum, version: "^0.1" }`.
    fn pack(&mut self, key: &Key, tree: &'t Tree) -> Option<PackRequirement> {
        let subject = format!("pack {}", quoted(&key.name));
        self.pack_name(&key.name, key, tree, &subject);
        let mut alias = key.name.as_str();
        let mut name = key.name.as_str();
        let version = match &tree.kind {
            Kind::Map(_) => {
                self.fields(tree, &subject, &PACK);
                if let Some(given) = tree.get("as") {
                    alias = self.text(given, &format!("`as` of {subject}"))?;
                    self.pack_name(alias, key, given, &subject);
                }
                if let Some(given) = tree.get("pack") {
                    name = self.text(given, &format!("`pack` of {subject}"))?;
                    self.pack_name(name, key, given, &subject);
                    if tree.get("as").is_some() {
                        let message = format!("{subject} has both `pack` and `as`");
                        let help = "the key is the alias where `pack` names the pack".to_owned();
                        self.report(key.span, message, Some(help));
                    }
                }
                match tree.get("version") {
                    Some(version) => version,
                    None => {
                        let help = "as in `version: \"^0.1\"`".to_owned();
                        self.report(key.span, format!("{subject} has no `version`"), Some(help));
                        return None;
                    }
                }
            }
            Kind::Seq(_) | Kind::Null => {
                self.expected(tree, &subject, "a version", PACK.example);
                return None;
            }
            _ => tree,
        };
        let version = self.text(version, &format!("version of {subject}"))?;
        Some(PackRequirement {
            alias: alias.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            span: self.placed(key.span),
        })
    }

    /// Reports what cannot stand before the slash of a task's name.
    fn pack_name(&mut self, name: &str, key: &Key, tree: &Tree, subject: &str) {
        if !is_name(name) {
            let span = if name == key.name { key.span } else { tree.span };
            let message = format!("{subject}: {} cannot be the name of a pack", quoted(name));
            let help = "a name starts with a letter or `_` and goes on with letters, digits, `_` \
                        and `-`";
            self.report(span, message, Some(help.to_owned()));
        }
    }

    /// `x: f64` or `x: { type: f64, … }`.
    pub(super) fn input(&mut self, key: &Key, tree: &'t Tree) -> InputDraft {
        let subject = format!("input {}", quoted(&key.name));
        let mut input = InputDraft {
            span: self.placed(key.span),
            ..InputDraft::new(key.name.clone(), Type::Any)
        };
        if let Kind::Str(_) = tree.kind {
            input.ty = self.ty(tree, &subject).unwrap_or(Type::Any);
            return input;
        }
        if !self.fields(tree, &subject, &INPUT) {
            return input;
        }
        match tree.get("type") {
            Some(ty) => input.ty = self.ty(ty, &subject).unwrap_or(Type::Any),
            None => {
                let help = "as in `type: f64`; `any` takes everything".to_owned();
                self.report(key.span, format!("{subject} has no `type`"), Some(help));
            }
        }
        if let Some(text) = tree.get("description") {
            input.description =
                self.text(text, &format!("`description` of {subject}")).map(str::to_owned);
        }
        if let Some(secret) = tree.get("secret") {
            input.secret = self.truth(secret, &format!("`secret` of {subject}"));
        }
        if let Some(from) = tree.get("from") {
            input.env = self.environment(from, &subject);
        }
        if let Some(default) = tree.get("default") {
            self.default(default, &mut input, &subject);
        }
        input
    }

    fn ty(&mut self, tree: &'t Tree, subject: &str) -> Option<Type> {
        let text = self.text(tree, &format!("type of {subject}"))?;
        match text.parse() {
            Ok(ty) => Some(ty),
            Err(error) => {
                self.report(tree.span, format!("{subject}: {error}"), None);
                None
            }
        }
    }

    /// `env:NAME`
    fn environment(&mut self, tree: &'t Tree, subject: &str) -> Option<String> {
        let text = self.text(tree, &format!("`from` of {subject}"))?;
        let name = text.strip_prefix("env:").unwrap_or_default();
        if name.is_empty() || name.contains(['=', '\0']) || name.contains(char::is_whitespace) {
            let message = format!("`from` of {subject}: {} is no source of a value", quoted(text));
            let help = "an environment variable is `env:NAME`".to_owned();
            self.report(tree.span, message, Some(help));
            return None;
        }
        Some(name.to_owned())
    }

    fn default(&mut self, tree: &'t Tree, input: &mut InputDraft, subject: &str) {
        if input.secret {
            let help = "a file is no place for a secret: read it by `from: env:NAME`";
            let message = format!("{subject} is secret and has a default");
            self.report_unseen(tree.span, &message, help);
            return;
        }
        let Some(value) = self.value(tree, Texts::Constant) else { return };
        if let Err(mismatch) = input.ty.check(&value) {
            self.report(tree.span, format!("default of {subject}: {mismatch}"), None);
        }
        input.default = Some(value);
    }
}

//! Reads the notation of types. Bounded in depth, so that no manifest or file can overflow it.

use std::str::FromStr;

use super::{Enum, Field, Type};

/// How deep types may nest.
pub(super) const MAX_DEPTH: usize = 64;

/// Why a text is not a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {column} of type `{text}`")]
pub struct TypeError {
    text: String,
    column: usize,
    message: String,
}

/// Whether a name needs no quotes.
pub(super) fn is_bare(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

impl FromStr for Type {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        let mut reader = Reader { text, at: 0 };
        let ty = reader.ty(0)?;
        reader.blanks();
        if reader.at < text.len() {
            return Err(reader.error("unexpected text after the type"));
        }
        Ok(ty)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, message: impl Into<String>) -> TypeError {
        let column = self.text[..self.at].chars().count() + 1;
        TypeError { text: self.text.to_owned(), column, message: message.into() }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: char) -> bool {
        self.blanks();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len_utf8();
        }
        found
    }

    fn expect(&mut self, token: char) -> Result<(), TypeError> {
        if self.eat(token) { Ok(()) } else { Err(self.error(format!("expected `{token}`"))) }
    }

    fn word(&mut self) -> &'a str {
        self.blanks();
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A field's name: a bare word, or a JSON string.
    fn name(&mut self) -> Result<String, TypeError> {
        self.blanks();
        if !self.rest().starts_with('"') {
            let word = self.word();
            return if word.is_empty() {
                Err(self.error("expected a name"))
            } else {
                Ok(word.into())
            };
        }
        let mut stream = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match stream.next() {
            Some(Ok(name)) => {
                self.at += stream.byte_offset();
                Ok(name)
            }
            _ => Err(self.error("unclosed quote")),
        }
    }

    fn ty(&mut self, depth: usize) -> Result<Type, TypeError> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("types nest at most {MAX_DEPTH} deep")));
        }
        let mut ty = self.plain(depth)?;
        while self.eat('?') {
            if matches!(ty, Type::Optional(_)) {
                return Err(self.error("a type is optional once"));
            }
            ty = Type::Optional(Box::new(ty));
        }
        Ok(ty)
    }

    fn plain(&mut self, depth: usize) -> Result<Type, TypeError> {
        if self.eat('{') {
            return self.record(depth);
        }
        if self.eat('(') {
            return self.tuple(depth);
        }
        let start = self.at;
        let word = self.word();
        Ok(match word {
            "any" => Type::Any,
            "null" => Type::Null,
            "bool" => Type::Bool,
            "i64" => Type::I64,
            "u64" => Type::U64,
            "f64" => Type::F64,
            "number" => Type::Number,
            "str" => Type::Str,
            "bytes" => Type::Bytes,
            "outcome" => Type::Outcome,
            "workflow" => Type::Workflow,
            "list" => {
                self.expect('<')?;
                let item = self.ty(depth + 1)?;
                self.expect('>')?;
                Type::List(Box::new(item))
            }
            "map" => {
                self.expect('<')?;
                if self.word() != "str" {
                    return Err(self.error("the keys of a map are `str`"));
                }
                self.expect(',')?;
                let item = self.ty(depth + 1)?;
                self.expect('>')?;
                Type::Map(Box::new(item))
            }
            "array" => {
                self.expect('<')?;
                let kind = self.word();
                if !["u8", "i32", "i64", "f32", "f64"].contains(&kind) {
                    return Err(self.error("arrays hold u8, i32, i64, f32 or f64"));
                }
                self.expect('>')?;
                Type::Array(kind.to_owned())
            }
            "ext" => {
                self.expect('<')?;
                let rest = self.rest();
                let end = rest.find('>').ok_or_else(|| self.error("expected `>`"))?;
                self.at += end + 1;
                Type::Ext(rest[..end].trim().to_owned())
            }
            "enum" => Type::Enum(self.alternatives(depth)?),
            _ => {
                self.at = start;
                self.blanks();
                let known = "any, null, bool, i64, u64, f64, number, str, bytes, list<…>, \
                             map<str, …>, array<…>, (…), {…}, enum{…}, outcome, ext<…>";
                return Err(self.error(format!("expected a type, one of {known}")));
            }
        })
    }

    fn tuple(&mut self, depth: usize) -> Result<Type, TypeError> {
        let mut items = Vec::new();
        while !self.eat(')') {
            items.push(self.ty(depth + 1)?);
            if !self.eat(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(Type::Tuple(items))
    }

    fn record(&mut self, depth: usize) -> Result<Type, TypeError> {
        let mut fields: Vec<Field> = Vec::new();
        while !self.eat('}') {
            let name = self.name()?;
            if fields.iter().any(|field| field.name == name) {
                return Err(self.error(format!("field `{name}` appears twice")));
            }
            let optional = self.eat('?');
            self.expect(':')?;
            let ty = self.ty(depth + 1)?;
            fields.push(Field { name, ty, optional });
            if !self.eat(',') {
                self.expect('}')?;
                break;
            }
        }
        Ok(Type::Record(fields))
    }

    fn alternatives(&mut self, depth: usize) -> Result<Enum, TypeError> {
        let (mut tag, mut content) = (None, None);
        if self.eat('(') {
            tag = Some(self.name()?);
            if self.eat(',') {
                content = Some(self.name()?);
            }
            self.expect(')')?;
        }
        self.expect('{')?;
        let mut variants = Vec::new();
        while !self.eat('}') {
            let name = self.name()?;
            let carried = if self.eat(':') { Some(self.ty(depth + 1)?) } else { None };
            variants.push((name, carried));
            if !self.eat(',') {
                self.expect('}')?;
                break;
            }
        }
        Ok(Enum { tag, content, variants })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation_reads_back_as_written() {
        for text in [
            "any",
            "list<f64>",
            "map<str, list<i64?>>",
            "{x: f64, y?: str}",
            "{\"an odd key\": any}",
            "(i64, str)",
            "enum{Point, Circle: {r: f64}}",
            "enum(type, data){A: i64}",
            "ext<quantum::Circuit>",
            "array<f32>?",
            "{}",
            "()",
        ] {
            let ty: Type = text.parse().unwrap();
            assert_eq!(ty.to_string(), text);
        }
    }

    #[test]
    fn mistakes_name_the_column() {
        for (text, message) in [
            ("lsit<f64>", "expected a type, one of"),
            ("list<f64", "expected `>`"),
            ("map<i64, str>", "the keys of a map are `str`"),
            ("i64??", "a type is optional once"),
            ("i64 i64", "unexpected text after the type"),
            ("{x: i64, x: i64}", "field `x` appears twice"),
        ] {
            let error = text.parse::<Type>().unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
        assert!(("list<".repeat(100_000)).parse::<Type>().is_err());
    }
}

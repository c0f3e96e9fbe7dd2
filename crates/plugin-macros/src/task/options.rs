//! What stands in the parentheses of `#[task(…)]`.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, Meta, Token};

use crate::docs::Errors;

/// The options a task may have, as a message lists them.
const KNOWN: &str = "name = \"…\", blocking, pure, idempotent, associative, cpus = 2, \
                     memory = \"100MB\", cost = \"0.03 USD\"";

/// The options of a task.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) blocking: bool,
    pub(crate) pure: bool,
    pub(crate) idempotent: bool,
    pub(crate) associative: bool,
    pub(crate) cpus: Option<u32>,
    pub(crate) memory: Option<u64>,
    pub(crate) cost: Option<String>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let metas = match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens) {
            Ok(metas) => metas,
            Err(error) => {
                let message = format!("{}; the options of a task are {}", error, KNOWN);
                errors.push(syn::Error::new(error.span(), message));
                return options;
            }
        };
        let mut seen: Vec<String> = Vec::new();
        for meta in metas {
            let key = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
            if seen.contains(&key) {
                errors.at(&meta, format!("`{}` is given twice", key));
                continue;
            }
            if let Err(error) = options.set(&key, &meta) {
                errors.push(error);
            }
            seen.push(key);
        }
        options
    }

    fn set(&mut self, key: &str, meta: &Meta) -> syn::Result<()> {
        match key {
            "blocking" => self.blocking = flag(meta)?,
            "pure" => self.pure = flag(meta)?,
            "idempotent" => self.idempotent = flag(meta)?,
            "associative" => self.associative = flag(meta)?,
            "name" => {
                let name = text(meta)?;
                if let Err(message) = check_name(&name) {
                    return Err(syn::Error::new_spanned(value(meta)?, message));
                }
                self.name = Some(name);
            }
            "cost" => self.cost = Some(text(meta)?),
            "cpus" => match value(meta)? {
                Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
                    let cpus: u32 = number.base10_parse()?;
                    if cpus == 0 {
                        return Err(syn::Error::new_spanned(number, "a task uses at least 1 cpu"));
                    }
                    self.cpus = Some(cpus);
                }
                other => {
                    return Err(syn::Error::new_spanned(other, "expected a number: `cpus = 2`"))
                }
            },
            "memory" => {
                let written = text(meta)?;
                let bytes = parse_bytes(&written);
                self.memory = Some(bytes.ok_or_else(|| {
                    let message = format!(
                        "`{}` is not an amount of memory; write it as \"512KiB\", \"100MB\" or \"1.5GB\"",
                        written
                    );
                    syn::Error::new_spanned(meta, message)
                })?);
            }
            _ => {
                let message = format!("unknown option; the options of a task are {}", KNOWN);
                return Err(syn::Error::new_spanned(meta, message));
            }
        }
        Ok(())
    }
}

/// Whether a text can be the name of a task or port.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let bare = name.chars().enumerate().all(|(at, c)| {
        c == '_' || c.is_ascii_alphabetic() || (at > 0 && (c == '-' || c.is_ascii_digit()))
    });
    if bare && !name.is_empty() && name.len() <= 128 {
        return Ok(());
    }
    Err(format!(
        "`{}` cannot be a name: it takes up to 128 ASCII letters, digits, `_` and `-`, the first a letter or `_`",
        name
    ))
}

fn flag(meta: &Meta) -> syn::Result<bool> {
    match meta {
        Meta::Path(_) => Ok(true),
        _ => Err(syn::Error::new_spanned(meta, "this option stands alone, without a value")),
    }
}

fn value(meta: &Meta) -> syn::Result<&Expr> {
    match meta {
        Meta::NameValue(pair) => Ok(&pair.value),
        _ => Err(syn::Error::new_spanned(meta, "this option needs a value: `name = …`")),
    }
}

pub(crate) fn text(meta: &Meta) -> syn::Result<String> {
    match value(meta)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.value()),
        other => Err(syn::Error::new_spanned(other, "expected a text in quotes")),
    }
}

/// Reads `100MB`: SI units count by 1000, those with an `i` by 1024.
fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.trim() {
        "B" => 1,
        "KB" | "kB" => 1000,
        "MB" => 1000 * 1000,
        "GB" => 1000 * 1000 * 1000,
        "TB" => 1000 * 1000 * 1000 * 1000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit);
    }
    let bytes = number.parse::<f64>().ok()? * unit as f64;
    (bytes.is_finite() && bytes < 1e18).then_some(bytes.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_units_of_1000_and_1024() {
        assert_eq!(parse_bytes("100MB"), Some(100_000_000));
        assert_eq!(parse_bytes("512 KiB"), Some(524_288));
        assert_eq!(parse_bytes("1.5GB"), Some(1_500_000_000));
        assert_eq!(parse_bytes("8B"), Some(8));
        for wrong in ["100", "MB", "1.2.3GB", "5 apples", "99999999999999GiB", "-1MB", ""] {
            assert_eq!(parse_bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_are_those_of_workflows() {
        assert!(check_name("and").is_ok() && check_name("a-1").is_ok() && check_name("_x").is_ok());
        for wrong in ["", "1a", "-a", "a b", "ä"] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }
}

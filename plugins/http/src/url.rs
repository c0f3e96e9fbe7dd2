//! URLs: one made of a text and a query, and how an error may name it.

use std::fmt::Write as _;

use terrace_plugin_api::{Map, TaskError, Value};
use ureq::http::Uri;

use crate::failure::invalid;

/// The URL to ask for: the text, with what a URL cannot hold escaped, and the query behind it.
pub(crate) fn build(text: &str, query: Option<&Map>) -> Result<Uri, TaskError> {
    let (text, _fragment) = text.split_once('#').unwrap_or((text, ""));
    let mut url = String::new();
    for &byte in text.trim().as_bytes() {
        match byte {
            b' '..=b'~' if !b" \"<>\\^`{|}".contains(&byte) => url.push(char::from(byte)),
            _ => escape(&mut url, byte),
        }
    }
    for (name, value) in query.into_iter().flat_map(|query| query.iter()) {
        match value {
            Value::Null => {}
            Value::List(items) => {
                for item in items.iter() {
                    append(&mut url, name, item)?;
                }
            }
            value => append(&mut url, name, value)?,
        }
    }
    let refused = "input `url` is not a URL";
    // The parser's error does not repeat the text.
    let uri: Uri = url.parse().map_err(|error| invalid("url", refused, error))?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        _ => Err(invalid("url", refused, "it must start with `http://` or `https://` and a host")),
    }
}

fn append(url: &mut String, name: &str, value: &Value) -> Result<(), TaskError> {
    let text = match value {
        Value::Str(text) => text.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U64(value) => value.get().to_string(),
        Value::F64(value) => value.to_string(),
        other => {
            let message = format!("input `query`: `{name}` is {}", other.kind());
            return Err(invalid("query", &message, "text, numbers, bools and lists of them go"));
        }
    };
    if !url.contains('?') {
        url.push('?');
    } else if !url.ends_with(['?', '&']) {
        url.push('&');
    }
    for (part, end) in [(name, "="), (&text, "")] {
        for &byte in part.as_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    url.push(char::from(byte));
                }
                _ => escape(url, byte),
            }
        }
        url.push_str(end);
    }
    Ok(())
}

fn escape(url: &mut String, byte: u8) {
    // Writing to a text does not fail.
    let _ = write!(url, "%{byte:02X}");
}

/// A URL as an error names it: scheme, host and path. A token may be in the rest.
pub(crate) fn place(uri: &Uri) -> String {
    let mut place = without_user(uri);
    place.truncate(place.find('?').unwrap_or(place.len()));
    place
}

/// A URL without the user and password that may be in it.
pub(crate) fn without_user(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_user, host)| host);
    let rest = uri.path_and_query().map_or("/", |rest| rest.as_str());
    format!("{scheme}://{host}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(text: &str, query: &[(&str, Value)]) -> String {
        let query = Map::new(query.iter().map(|(name, value)| (*name, value.clone()))).unwrap();
        build(text, Some(&query)).ok().unwrap().to_string()
    }

    #[test]
    fn a_query_is_escaped_and_added_in_its_order() {
        let list = Value::list(vec![Value::from(1_i64), Value::from(2.5)]).unwrap();
        let query = [
            ("q", Value::from("a b&c=ü")),
            ("n", list),
            ("none", Value::Null),
            ("yes", Value::from(true)),
        ];
        let added = "q=a%20b%26c%3D%C3%BC&n=1&n=2.5&yes=true";
        assert_eq!(built("http://h/p", &query), format!("http://h/p?{added}"));
        assert_eq!(built("http://h/p?x=1", &query), format!("http://h/p?x=1&{added}"));
        assert_eq!(built("http://h/p?", &query), format!("http://h/p?{added}"));
        assert_eq!(built("http://h/p#part", &query), format!("http://h/p?{added}"));
    }

    #[test]
    fn what_a_url_cannot_hold_is_escaped_and_what_is_escaped_stays() {
        assert_eq!(built("https://h:1/grüße nach/%20{x}", &[]), {
            "https://h:1/gr%C3%BC%C3%9Fe%20nach/%20%7Bx%7D"
        });
        assert_eq!(built("http://[::1]:80/", &[]), "http://[::1]:80/");
    }

    #[test]
    fn what_is_no_url_is_refused_without_being_repeated() {
        for text in ["", "h", "/p", "ftp://h/secret", "http://", "http://u:secret@", "secret:1"] {
            let error = build(text, None).err().unwrap();
            assert_eq!(error.code(), "url", "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let query = Map::new([("q", Value::map([("a", Value::Null)]).unwrap())]).unwrap();
        assert_eq!(build("http://h", Some(&query)).err().unwrap().code(), "query");
    }

    #[test]
    fn an_error_names_scheme_host_and_path() {
        let uri: Uri = "http://user:secret@host:81/a/b?token=secret".parse().unwrap();
        assert_eq!(place(&uri), "http://host:81/a/b");
        assert_eq!(without_user(&uri), "http://host:81/a/b?token=secret");
    }
}

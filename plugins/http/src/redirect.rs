//! Redirects, followed here and not by ureq: that one keeps `authorization` on the way to another
//! port, cannot send a body again, and takes a status such as 300 without a place for an error.

use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION};
use ureq::http::{Method, Request, Response, StatusCode, Uri};

use crate::failure::Trouble;
use crate::payload::Payload;
use crate::url;

/// Where an answer sends its request; `None` where it is an answer like any other.
pub(crate) fn target<T>(from: &Uri, response: &Response<T>) -> Result<Option<Uri>, Trouble> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let text = String::from_utf8_lossy(location.as_bytes());
    url::build(&resolve(from, text.trim()), None).map(Some).map_err(|_| Trouble::Location)
}

/// Sends a request on to where its answer said (RFC 9110, 15.4).
pub(crate) fn follow(
    request: &mut Request<()>,
    payload: &mut Payload,
    status: StatusCode,
    to: Uri,
) {
    let method = request.method();
    let becomes_get = match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => !matches!(*method, Method::GET | Method::HEAD),
        _ => false,
    };
    if becomes_get {
        *request.method_mut() = Method::GET;
        *payload = Payload::None;
        request.headers_mut().remove(CONTENT_TYPE);
    }
    if origin(request.uri()) != origin(&to) {
        request.headers_mut().remove(AUTHORIZATION);
        request.headers_mut().remove(COOKIE);
    }
    *request.uri_mut() = to;
}

/// Who answers for a URL: scheme, host and port.
fn origin(uri: &Uri) -> (Option<&str>, Option<String>, Option<u16>) {
    let port = uri.port_u16().or(match uri.scheme_str() {
        Some("https") => Some(443),
        _ => Some(80),
    });
    (uri.scheme_str(), uri.host().map(str::to_ascii_lowercase), port)
}

/// What a reference means at a URL (RFC 3986, 5.2).
fn resolve(from: &Uri, to: &str) -> String {
    let to = to.split('#').next().unwrap_or_default();
    let first = to.split(['/', '?']).next().unwrap_or_default();
    if first.contains(':') {
        return to.to_owned();
    }
    let scheme = from.scheme_str().unwrap_or_default();
    if to.starts_with("//") {
        return format!("{scheme}:{to}");
    }
    let authority = from.authority().map_or("", |authority| authority.as_str());
    let (path, query) = to.split_once('?').map_or((to, None), |(path, query)| (path, Some(query)));
    let (path, query) = match path {
        "" => (from.path().to_owned(), query.or(from.query())),
        path if path.starts_with('/') => (without_dots(path), query),
        path => {
            let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            (without_dots(&format!("{folder}/{path}")), query)
        }
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{authority}{path}{query}")
}

fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    // One that ends in dots is a folder.
    if path.ends_with("/.") || path.ends_with("/..") {
        parts.push("");
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_from_where_it_is_named() {
        let from: Uri = "http://u:p@h:81/a/b/c?q=1".parse().unwrap();
        for (to, at) in [
            ("https://other/x?y", "https://other/x?y"),
            ("//other/x", "http://other/x"),
            ("/x/./y/../z", "http://u:p@h:81/x/z"),
            ("x", "http://u:p@h:81/a/b/x"),
            ("./x/", "http://u:p@h:81/a/b/x/"),
            ("../x?a=b:/", "http://u:p@h:81/a/x?a=b:/"),
            ("../../../..", "http://u:p@h:81/"),
            ("?r=2", "http://u:p@h:81/a/b/c?r=2"),
            ("#part", "http://u:p@h:81/a/b/c?q=1"),
            ("mailto:x", "mailto:x"),
        ] {
            assert_eq!(resolve(&from, to), at, "{to}");
        }
    }

    #[test]
    fn another_scheme_host_or_port_is_another_origin() {
        let parts = |text: &str| {
            let uri: Uri = text.parse().unwrap();
            let (scheme, host, port) = origin(&uri);
            (scheme.map(str::to_owned), host, port)
        };
        assert_eq!(parts("http://Host/a"), parts("http://u@host:80/b"));
        for other in ["https://host/a", "http://host:81/a", "http://a.host/a"] {
            assert_ne!(parts("http://host/a"), parts(other));
        }
    }

    #[test]
    fn a_method_and_its_body_go_on_as_the_status_says() {
        let after = |method: Method, status: u16| {
            let mut request = Request::builder().method(method).uri("http://h/").body(()).unwrap();
            let mut payload = Payload::Text("x".into());
            let status = StatusCode::from_u16(status).unwrap();
            follow(&mut request, &mut payload, status, "http://h/x".parse().unwrap());
            (request.method().clone(), payload.as_bytes().is_some())
        };
        for status in [301, 302, 303] {
            assert_eq!(after(Method::POST, status), (Method::GET, false));
        }
        assert_eq!(after(Method::PUT, 302), (Method::PUT, true));
        assert_eq!(after(Method::PUT, 303), (Method::GET, false));
        assert_eq!(after(Method::HEAD, 303).0, Method::HEAD);
        for status in [307, 308] {
            assert_eq!(after(Method::POST, status), (Method::POST, true));
        }
    }
}

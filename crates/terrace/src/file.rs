//! Files as text, never more of them than is allowed; and files that use each other.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use terrace_core::{Draft, Format, Limits, Problems, Source};

use crate::error::Error;

/// Reads a workflow's or inputs' file, with its format by its extension.
///
/// # Errors
/// When there is no such file, its extension is unknown, or it cannot be read, is no UTF-8 or is too
/// large.
pub fn read_source(file: impl AsRef<Path>) -> Result<Source, Error> {
    let file = file.as_ref();
    let name = file.display().to_string();
    let Some(format) = Format::of_name(&name) else {
        // Another ending would not help one that is not there.
        return Err(match file.metadata() {
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                Error::Read { path: file.to_owned(), source }
            }
            _ => Error::UnknownFormat(file.to_owned()),
        });
    };
    let text = read_text(file, Limits::MAX_TEXT as u64)
        .map_err(|source| Error::Read { path: file.to_owned(), source })?;
    Ok(Source::new(name, text, format))
}

/// Reads a workflow with the files that it uses; paths are relative to the file that names them.
/// What is wrong inside is in [`Draft::problems`].
///
/// # Errors
/// As [`Draft::read`].
pub fn read_draft(source: &Source) -> Result<Draft, Problems> {
    let mut draft = Draft::read(source)?;
    draft.link(&mut |path, from| {
        let folder = Path::new(from.name()).parent().unwrap_or(Path::new(""));
        let file = folder.join(path);
        read_source(&file).map_err(|error| match error {
            Error::Read { source, .. } if file == Path::new(path) => source.to_string(),
            Error::Read { source, .. } => format!("{}: {source}", file.display()),
            Error::UnknownFormat(_) => {
                "the name must end in .yaml, .yml, .toml or .json".to_owned()
            }
            other => other.to_string(),
        })
    });
    Ok(draft)
}

/// Reads at most `limit` bytes of text: a device has no end.
///
/// # Errors
/// When it cannot be read, is no UTF-8 or has more.
pub fn read_text(file: impl AsRef<Path>, limit: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than the {limit} bytes allowed")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("it is not UTF-8 at byte {at}"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::{env, fs, process};

    use crate::{Engine, Error};

    /// A folder of files that goes away.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let folder = env::temp_dir().join(format!("terrace-{name}-{}", process::id()));
            for (file, text) in files {
                let path = folder.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn engine() -> Engine {
        Engine::builder().workers(0).build().unwrap()
    }

    #[test]
    fn files_are_found_beside_those_that_use_them() {
        let part = "terrace: 1\ninputs: { x: i64 }\nnodes: { n: { use: ../end.json } }\n\
                    outputs: { x: '${inputs.x}', dir: '${workflow.dir}', end: '${n}' }\n";
        let folder = Folder::new(
            "use",
            &[
                (
                    "main.yaml",
                    "terrace: 1\nnodes: { a: { use: parts/part.yaml, with: { x: 3 } } }\noutput: '${a.dir}'",
                ),
                ("parts/part.yaml", part),
                ("end.json", r#"{"terrace": 1, "output": "${workflow.dir}"}"#),
            ],
        );
        for (file, nodes) in [("main.yaml", 1), ("parts/part.yaml", 1), ("end.json", 0)] {
            let path = folder.0.join(file);
            let workflow = engine().read(&path).unwrap();
            assert_eq!(workflow.nodes().len(), nodes, "{file}");
            assert_eq!(engine().describe(&path).unwrap().nodes().len(), nodes, "{file}");
        }
        let workflow = engine().read(folder.0.join("main.yaml")).unwrap();
        let part = workflow.nodes()[0].flow().unwrap().workflow();
        assert_eq!(part.dir().unwrap(), folder.0.join("parts").to_str().unwrap());
        let end = part.nodes()[0].flow().unwrap().workflow();
        assert_eq!(end.dir().unwrap(), folder.0.join("parts/..").to_str().unwrap());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_where_it_is_used() {
        let text = "terrace: 1\nnodes:\n  a: { use: gone.yaml }\n  b: { use: main.txt }\n  \
                    c: { use: main.yaml }\n  d: { use: . }\n  \
                    e: { use: gone }\n";
        let folder = Folder::new("gone", &[("main.yaml", text), ("main.txt", "")]);
        let path = folder.0.join("main.yaml");
        let error = engine().read(&path).unwrap_err();
        let Error::Invalid(problems) = &error else { panic!("{error:?}") };
        let name = path.to_str().unwrap();
        let gone = folder.0.join("gone.yaml");
        let expected = [
            format!("{name}:3:13: cannot use `gone.yaml`: {}: No such file", gone.display()),
            format!("{name}:4:13: cannot use `main.txt`: the name must end in .yaml"),
            format!("{name}:5:13: these files use each other: "),
            format!("{name}:6:13: cannot use `.`: the name must end in .yaml"),
            format!(
                "{name}:7:13: cannot use `gone`: {}: No such file",
                folder.0.join("gone").display()
            ),
        ];
        assert_eq!(problems.len(), 5, "{problems}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.to_string().starts_with(&expected), "{problem}\n{expected}");
        }
    }
}

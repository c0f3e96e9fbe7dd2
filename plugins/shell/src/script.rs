//! `shell/script`: a few lines for a shell.

use std::collections::BTreeMap;
use std::process::Command;

use terrace_plugin_api::{TaskContext, TaskError, task};

use crate::input::Input;
use crate::run::{Ended, Setting, execute};

/// Runs a script by a shell, `sh -c`. Values reach it as `args` (`"$1"`, `"$2"`, …), as `env`
/// (`"$NAME"`) or on `stdin`, never as part of its text, where a shell would read them as
/// commands. Otherwise as `run`.
///
/// # Errors
/// Those of `run`.
#[task(blocking)]
#[expect(clippy::too_many_arguments, reason = "each is a port with a name")]
pub fn script(
    ctx: &TaskContext,
    /// The script: literal text, without references.
    #[literal]
    script: &str,
    /// Its arguments.
    args: Option<Vec<String>>,
    /// The shell; it must know `-c`.
    #[default = "sh"]
    shell: &str,
    /// What it reads, text or bytes; nothing without it.
    stdin: Option<Input>,
    /// Variables set for it beside those of the engine.
    env: Option<BTreeMap<String, String>>,
    /// The folder it runs in; the engine's without it.
    cwd: Option<&str>,
    /// Whether a status other than 0 is a result like any other.
    #[default = false]
    allow_failure: bool,
) -> Result<Ended, TaskError> {
    let mut command = Command::new(shell);
    // The shell takes the first word after the script for `$0`.
    command.args(["-c", script, shell]).args(args.unwrap_or_default());
    execute(ctx, command, Setting { stdin, env, cwd, allow_failure })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(text: &str, args: &[&str], env: &[(&str, &str)]) -> Result<Ended, TaskError> {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        let env = env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let ctx = TaskContext::detached();
        script(&ctx, text, Some(args), "sh", None, Some(env), None, false)
    }

    #[test]
    fn values_arrive_as_they_are() {
        let nasty = "'; echo \"$HOME\" `id` $(id) \\ \n *";
        let ended = sh("printf '%s|%s|%s' \"$0\" \"$1\" \"$V\"", &[nasty], &[("V", nasty)]);
        assert_eq!(ended.ok().unwrap().stdout, format!("sh|{nasty}|{nasty}"));
    }

    #[test]
    fn a_failing_script_says_its_last_words() {
        let error = sh("echo one >&2; echo two >&2; exit 7", &[], &[]).err().unwrap();
        assert_eq!(error.to_string(), "`sh` ended with status 7: two");
    }

    #[test]
    fn an_unknown_shell_is_named() {
        let ctx = TaskContext::detached();
        let error = script(&ctx, "", None, "no-such-shell", None, None, None, false).err().unwrap();
        assert_eq!(error.code(), "not_found");
        assert!(error.message().contains("no-such-shell"));
    }
}

//! [`Build`], how the program is built again.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, ErrorKind};

/// The command that builds the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Build {
    program: String,
    args: Vec<String>,
}

impl Build {
    /// Takes the command as it was given, or finds out how cargo has built the program that is at `path`.
    pub(super) fn new(command: Option<String>, path: &Path) -> Result<Self, Error> {
        if let Some(command) = command {
            return Ok(Self {
                program: "sh".into(),
                args: vec!["-c".into(), command],
            });
        }
        let manifest = env::var("CARGO_MANIFEST_DIR").ok();
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        Self::by_cargo(cargo, manifest.as_deref(), path).ok_or_else(|| {
            Error::new(
                ErrorKind::Settings,
                "it is not known how this program is built: start it by `cargo run`, or say it with --reload-command",
            )
        })
    }

    /// Reads from where the program is what it is: `target/PROFILE/NAME` or `target/PROFILE/examples/NAME`.
    fn by_cargo(cargo: String, manifest: Option<&str>, path: &Path) -> Option<Self> {
        let name = path.file_stem()?.to_str()?;
        let mut folder = path.parent()?;
        let is_example = folder.file_name()? == "examples";
        if is_example {
            folder = folder.parent()?;
        }
        let profile = match folder.file_name()?.to_str()? {
            "debug" => "dev",
            profile => profile,
        };
        let kind = if is_example { "--example" } else { "--bin" };
        let mut args: Vec<String> = ["build", "--profile", profile, kind, name]
            .map(String::from)
            .into();
        args.push("--manifest-path".into());
        args.push(format!("{}/Cargo.toml", manifest?));
        Some(Self {
            program: cargo,
            args,
        })
    }

    /// Builds; what the command prints goes where this process prints.
    pub(super) async fn run(&self) -> Result<(), Error> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null());
        let failed = |what: &str| Error::new(ErrorKind::Restart, format!("the build {what}"));
        let status = tokio::task::spawn_blocking(move || command.status()).await;
        match status {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(failed(&format!("failed ({status})"))),
            Ok(Err(cause)) => Err(failed("could not be started").because(cause)),
            Err(cause) => Err(failed("was broken off").because(cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(path: &str) -> Option<String> {
        let build = Build::by_cargo("cargo".into(), Some("/src/app"), Path::new(path))?;
        Some(build.args.join(" "))
    }

    #[test]
    fn what_cargo_has_built_is_known_by_its_place() {
        for (path, expected) in [
            (
                "/src/target/debug/app",
                "build --profile dev --bin app --manifest-path /src/app/Cargo.toml",
            ),
            (
                "/elsewhere/release/app",
                "build --profile release --bin app --manifest-path /src/app/Cargo.toml",
            ),
            (
                "/src/target/debug/examples/chat",
                "build --profile dev --example chat --manifest-path /src/app/Cargo.toml",
            ),
        ] {
            assert_eq!(build(path).as_deref(), Some(expected));
        }
        assert_eq!(build("/"), None);
        assert_eq!(
            Build::by_cargo("cargo".into(), None, Path::new("/src/target/debug/app")),
            None
        );
    }

    #[tokio::test]
    async fn a_build_that_fails_is_an_error() {
        let build = |command: &str| Build::new(Some(command.into()), Path::new("/")).unwrap();
        build("true").run().await.unwrap();
        let error = build("exit 3").run().await.unwrap_err();
        assert_eq!(error.to_string(), "the build failed (exit status: 3)");
    }
}

//! [`Postgres`], a database server for one run, in a folder of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User, chown};

use crate::Failure;

const USER: &str = "versus";

/// What is in the database.
const TABLE: &str = "create table resources (id bigint primary key, name text not null, note text not null); \
    insert into resources select id, 'crane ' || id, 'lifts ' || 10 * id || ' t' from generate_series(1, 100) as id; analyze";

/// A server of PostgreSQL that runs, and listens on a socket in its folder. It ends, and its folder goes, when it is dropped.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
}

impl Postgres {
    /// Makes a database and starts its server.
    pub fn start() -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("versus-postgres-{}", std::process::id()));
        let postgres = Self {
            folder: folder.clone(),
            programs: programs()?,
        };
        std::fs::create_dir_all(&folder)?;
        if Uid::effective().is_root() {
            // As root it refuses to run.
            let user = User::from_name("postgres")?.ok_or("there is no user `postgres`")?;
            chown(&folder, Some(user.uid), Some(user.gid))?;
        }
        let (data, log) = (folder.join("data"), folder.join("log"));
        let sockets = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c max_connections=64",
            folder.display()
        );
        postgres.run("initdb", |command| {
            let words = ["--auth", "trust", "--username", USER, "--encoding", "UTF8"];
            command.args(words).arg("--pgdata").arg(&data)
        })?;
        postgres.run("pg_ctl", |command| {
            command
                .arg("--pgdata")
                .arg(&data)
                .arg("--log")
                .arg(&log)
                .args(["--wait", "--options", &sockets, "start"])
        })?;
        postgres.run("psql", |command| {
            command
                .envs(postgres.variables())
                .args(["--no-psqlrc", "--quiet", "--command", TABLE])
        })?;
        Ok(postgres)
    }

    /// Returns the variables by which programs find it.
    pub fn variables(&self) -> [(&'static str, OsString); 3] {
        [
            ("PGHOST", self.folder.clone().into()),
            ("PGUSER", USER.into()),
            ("PGDATABASE", "postgres".into()),
        ]
    }

    /// Runs one of its programs, as the user that it may run as.
    fn run(
        &self,
        program: &str,
        set: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<(), Failure> {
        let path = self.programs.join(program);
        let mut command = if Uid::effective().is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--init-groups"])
                .arg(path);
            command
        } else {
            Command::new(path)
        };
        set(command.current_dir(&self.folder).stdin(Stdio::null()));
        // The server keeps what it is given, so that a pipe would not end before it does.
        let status = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("{program} failed").into())
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        self.run("pg_ctl", |command| {
            let words = ["--mode", "fast", "--wait", "stop", "--pgdata"];
            command.args(words).arg(&data)
        })
        .ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// Returns where the programs of the newest PostgreSQL lie: Debian keeps them out of the path.
fn programs() -> Result<PathBuf, Failure> {
    let mut found: Vec<(u32, PathBuf)> = Path::new("/usr/lib/postgresql")
        .read_dir()
        .map_err(|_| "it is not installed")?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .filter(|(_, path)| path.join("initdb").exists())
        .collect();
    found.sort();
    Ok(found.pop().ok_or("it is not installed")?.1)
}

//! The executable itself, for what only a process can show: starting, being killed.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
};

pub struct Process {
    child: Child,
    pub url: String,
    pub operator_url: String,
}

impl Process {
    /// Starts `serve` and waits until it tells where it listens.
    pub fn serve(settings: &BTreeMap<String, String>) -> Self {
        Self::start(settings, Stdio::null())
    }

    /// [`serve`](Self::serve), with its log in a file.
    pub fn serve_logging_to(settings: &BTreeMap<String, String>, log: &Path) -> Self {
        Self::start(settings, File::create(log).expect("a file for the log").into())
    }

    fn start(settings: &BTreeMap<String, String>, log: Stdio) -> Self {
        // Whoever talks to it may be the first to make a client.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut child = command(settings)
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the executable starts");
        let out = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let mut told = |what: &str| {
            lines
                .find_map(|line| line.trim().strip_prefix(what).map(|url| url.trim().to_owned()))
                .unwrap_or_else(|| panic!("it tells where the {what} is"))
        };
        let (url, metrics) = (told("API"), told("Operator"));
        let operator_url = metrics.trim_end_matches("/metrics").to_owned();
        Self { child, url, operator_url }
    }

    /// Runs a command to its end.
    pub fn run(settings: &BTreeMap<String, String>, arguments: &[&str]) -> Output {
        command(settings).args(arguments).output().expect("the executable runs")
    }

    /// SIGTERM, and how it ended.
    pub fn terminate_and_wait(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        Command::new("kill").arg(id).status().expect("the signal is sent");
        self.child.wait().expect("the process ends")
    }

    /// SIGKILL: nothing is flushed, nothing is finished.
    pub fn kill(mut self) {
        self.child.kill().expect("the process is killed");
        self.child.wait().expect("the process is gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(settings: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smart-mining"));
    command.env_remove("DATABASE_URL").envs(settings);
    command
}

//! Three etcd, in which Patroni keeps who leads.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use postgres_fixture::Managed;
use serde_json::Value;

use crate::world::{a_port_of_its_own, children, eventually};

const COUNT: usize = 3;

/// Etcd on three pairs of ports.
pub struct Etcd {
    nodes: Vec<Node>,
    agent: ureq::Agent,
}

struct Node {
    clients: u16,
    peers: u16,
    process: Option<Child>,
}

impl Etcd {
    /// Starts them, and waits until one of them leads.
    pub fn start(managed: &Managed, tools: &Path) -> Self {
        let node = |_| Node { clients: a_port_of_its_own(), peers: a_port_of_its_own(), process: None };
        let mut etcd = Self { nodes: (0..COUNT).map(node).collect(), agent: agent() };
        for node in 0..COUNT {
            etcd.start_node(managed, tools, node);
        }
        eventually("one etcd leads", || etcd.leader().is_some());
        etcd
    }

    /// Where clients ask, for Patroni's configuration.
    pub fn hosts(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.clients)).collect();
        hosts.join(", ")
    }

    /// Kills the one that leads, and waits until another one does.
    pub fn kill_leader(&mut self) {
        let leader = self.leader().expect("one leads");
        let mut process = self.nodes[leader].process.take().expect("it runs");
        process.kill().expect("it is ours to kill");
        process.wait().expect("it is dead");
        eventually("another etcd leads", || self.leader().is_some_and(|now| now != leader));
    }

    /// Starts whichever was killed.
    pub fn heal(&mut self, managed: &Managed, tools: &Path) {
        for node in 0..COUNT {
            if self.nodes[node].process.is_none() {
                self.start_node(managed, tools, node);
            }
        }
    }

    /// Forgets who is whose synchronous standby, as an operator does with `etcdctl del /service/callbunker/sync`; Patroni writes it anew.
    pub fn forget_standbys(&self) {
        let node = self.leader().expect("one leads");
        let url = format!("http://127.0.0.1:{}/v3/kv/deleterange", self.nodes[node].clients);
        // The key's name in base64, as etcd's gateway wants it.
        self.agent.post(&url).send(r#"{"key": "L3NlcnZpY2UvY2FsbGJ1bmtlci9zeW5j"}"#).expect("etcd forgets it");
    }

    fn start_node(&mut self, managed: &Managed, tools: &Path, index: usize) {
        let peers: Vec<String> = (self.nodes.iter().enumerate())
            .map(|(index, node)| format!("etcd-{index}=http://127.0.0.1:{}", node.peers))
            .collect();
        let node = &mut self.nodes[index];
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let mut command = managed.command(&tools.join("etcd"));
        command
            .env_clear()
            .args(["--name", &format!("etcd-{index}"), "--data-dir"])
            .arg(managed.dir().join(format!("etcd-{index}")))
            .args(["--listen-client-urls", &url(node.clients), "--advertise-client-urls", &url(node.clients)])
            .args(["--listen-peer-urls", &url(node.peers), "--initial-advertise-peer-urls", &url(node.peers)])
            .args(["--initial-cluster", &peers.join(","), "--initial-cluster-token", "callbunker"])
            .args(["--logger", "zap", "--log-level", "warn"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log(managed, &format!("etcd-{index}.log")));
        node.process = Some(children::start(command).expect("etcd starts"));
    }

    fn leader(&self) -> Option<usize> {
        (0..COUNT).find(|index| {
            let node = &self.nodes[*index];
            let url = format!("http://127.0.0.1:{}/v3/maintenance/status", node.clients);
            let status = node.process.as_ref().and_then(|_| self.agent.post(&url).send("{}").ok());
            let said: Option<Value> =
                status.and_then(|mut answer| serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok());
            said.is_some_and(|said| said["leader"].is_string() && said["leader"] == said["header"]["member_id"])
        })
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        for process in self.nodes.iter_mut().filter_map(|node| node.process.as_mut()) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Asks this machine, and waits for no answer for long.
pub fn agent() -> ureq::Agent {
    let timeout = Some(Duration::from_secs(2));
    ureq::Agent::config_builder().timeout_global(timeout).proxy(None).build().new_agent()
}

/// Where a program of the folder writes what it says.
pub fn log(managed: &Managed, name: &str) -> File {
    let path = managed.dir().join(name);
    File::options().create(true).append(true).open(path).expect("a log")
}

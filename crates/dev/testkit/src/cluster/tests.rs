//! containerd and Kubernetes. They take root, so `cargo xtask test` asks for these where it can.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::servers::{Process, wait_until};

mod with_containerd {
    use super::*;

    /// What a test run that is to be killed finds itself by.
    const VICTIM: &str = "PORTHOLE_TEST_VICTIM";

    #[test]
    #[ignore = "needs root: `cargo xtask test` runs it"]
    fn containers_run_and_end() {
        let containerd = Containerd::start().unwrap();
        let container = containerd.run("one", &["sleep", "1000"], false).unwrap();
        // At first it is what will become the program.
        wait_until("the program", Duration::from_secs(20), || {
            let found = containerd.processes(&container)?;
            anyhow::ensure!(found.len() == 1, "{found:?}");
            Ok((found[0].command == "sleep 1000").then_some(()))
        })
        .unwrap();
        assert_eq!(containerd.exit_code(&container).unwrap(), None);
        containerd.stop(&container).unwrap();
        assert_eq!(containerd.exit_code(&container).unwrap(), Some(137));

        let other = containerd.run("two", &["sleep", "1000"], false).unwrap();
        drop(containerd);
        let left = processes::below_group(other.id()).unwrap();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    #[ignore = "needs root: `cargo xtask test` runs it"]
    fn everything_ends_with_a_test_that_is_killed() {
        assert!(std::env::var_os(VICTIM).is_none(), "a victim starts no victims");
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let name = format!("{}::a_test_that_is_killed", module_path!());
        let name = name.split_once("::").map_or("", |(_, name)| name);
        command.args(["--exact", name, "--ignored"]).env(VICTIM, &said);
        let mut victim = Process::start(&mut command).unwrap();
        let (id, place) = wait_until("the victim", Duration::from_secs(30), || {
            victim.check_running()?;
            let said = std::fs::read_to_string(&said).unwrap_or_default();
            Ok(said.split_once(' ').map(|(id, place)| (id.to_owned(), place.to_owned())))
        })
        .unwrap();
        assert_eq!(processes::below_group(&id).unwrap().len(), 1);
        victim.kill().unwrap();
        wait_until("the end of what the victim started", Duration::from_secs(20), || {
            let is_gone = !std::path::Path::new(&place).exists();
            Ok((is_gone && processes::below_group(&id)?.is_empty()).then_some(()))
        })
        .unwrap();
    }

    /// Not a test of its own: [`everything_ends_with_a_test_that_is_killed`] kills it.
    #[test]
    #[ignore = "another test starts it"]
    fn a_test_that_is_killed() {
        let Some(said) = std::env::var_os(VICTIM) else { return };
        let containerd = Containerd::start().unwrap();
        let container = containerd.run("one", &["sleep", "1000"], false).unwrap();
        let staged = std::path::PathBuf::from(&said).with_extension("staged");
        let folder = containerd.folder();
        std::fs::write(&staged, format!("{} {}", container.id(), folder.display())).unwrap();
        std::fs::rename(staged, said).unwrap();
        std::thread::sleep(Duration::from_secs(60));
    }
}

mod with_kubernetes {
    use super::*;

    #[test]
    #[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
    fn a_cluster_runs_a_pod_and_ends() {
        let started = std::time::Instant::now();
        let cluster = Cluster::start().unwrap();
        println!("ready after {:?}", started.elapsed());
        let namespace = cluster.new_namespace().unwrap();
        cluster.run_pod(&namespace, "one", &["sleep", "1000"], &json!({})).unwrap();
        println!("a pod runs after {:?}", started.elapsed());
        let found = cluster.pod_processes(&namespace, "one").unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        cluster.delete_pod(&namespace, "one").unwrap();
        let folder = cluster.folder().to_owned();
        drop(cluster);
        assert!(!folder.exists());
    }
}

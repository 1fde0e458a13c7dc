//! G3: from nothing to a server that answers, against a bare `docker run -d` of the same image.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pgrehearse::drill::SUPERUSER;
use pgrehearse::rig::docker::image;

use crate::figures::{Figures, Outcome, Wanted};
use crate::ground::{Circumstances, IMAGE_MAJOR, Kind, LIMIT, Site};

pub async fn measure(circumstances: &Circumstances) -> Vec<Outcome> {
    let Some(site) = Site::new(Kind::Docker).await else {
        return vec![Outcome::missing("G3", "no container engine answers")];
    };
    let (mut ours, mut bare, mut naive) =
        (Figures::default(), Figures::default(), Figures::default());
    let mut parts = [Figures::default(), Figures::default(), Figures::default()];
    for _ in 0..circumstances.rounds {
        circumstances.quiet().await;
        let began = Instant::now();
        let node = site.node(vec![]).await;
        parts[0].push(began.elapsed());
        let server = site.server(node.clone());
        server.initdb(&site.stage, &[]).await.expect("a cluster");
        parts[1].push(began.elapsed());
        server.start(&site.stage, &[]).await.expect("a server");
        server.await_ready(LIMIT).await.expect("an answer");
        parts[2].push(began.elapsed());
        ours.push(began.elapsed());
        node.destroy().await.expect("it goes");
        bare.push(Bare::begin().0);
        naive.push(by_hand());
    }
    site.end().await;
    let parts = parts.map(|part| format!("{:.3}", part.median()));
    let note = format!(
        "the node {} s, its cluster made {} s, an answer {} s",
        parts[0], parts[1], parts[2]
    );
    let measured = "a node, a cluster, an answer to the superuser with the nonce".to_owned();
    let outcome = |floor: &str, figures, wanted, note: String| Outcome {
        goal: "G3",
        measured: measured.clone(),
        floor: floor.to_owned(),
        figures: Some(figures),
        unit: "×",
        wanted,
        note,
    };
    let by_hand = format!("`docker run`, exec initdb, exec pg_ctl, exec psql: {naive} s");
    vec![
        outcome(&format!("`docker run -d`: {bare} s"), ours.over(&bare), Wanted::AtMost(1.3), note),
        outcome(&by_hand, ours.over(&naive), Wanted::AtMost(0.25), format!("ours: {ours} s")),
    ]
}

/// A container of our image, by the engine's own command; removed when dropped.
struct Bare(String);

impl Bare {
    fn begin() -> (Duration, Bare) {
        let began = Instant::now();
        let image = image::tag(IMAGE_MAJOR);
        let words = ["run", "-d", "--init", "--user=postgres", "--entrypoint=sleep"];
        let id = docker(&[&words[..], &[image.as_str(), "infinity"]].concat());
        (began.elapsed(), Bare(id))
    }

    fn exec(&self, argv: &[&str]) -> String {
        docker(&[&["exec", self.0.as_str()], argv].concat())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        docker(&["rm", "--force", "--volumes", &self.0]);
    }
}

/// What a careful user would write by hand.
fn by_hand() -> Duration {
    let began = Instant::now();
    let (_, container) = Bare::begin();
    let bin = format!("/usr/lib/postgresql/{IMAGE_MAJOR}/bin");
    let (initdb, pg_ctl) = (format!("{bin}/initdb"), format!("{bin}/pg_ctl"));
    let (data, socket) = ("/pgrehearse/data/cluster", "/pgrehearse/socket");
    container.exec(&[&initdb, "-D", data, "-U", SUPERUSER, "--auth=trust", "--data-checksums"]);
    let options = format!("-k {socket}");
    container.exec(&[&pg_ctl, "start", "-w", "-D", data, "-o", &options, "-l", "/tmp/log"]);
    let said = container.exec(&["psql", "-h", socket, "-U", SUPERUSER, "-Atc", "SELECT 1"]);
    let took = began.elapsed();
    assert_eq!(said, "1");
    took
}

/// What the engine's own command says; it must work.
pub fn docker(words: &[&str]) -> String {
    let ran = Command::new("docker").args(words).stdin(Stdio::null()).output().expect("docker");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "docker {words:?}: {said}");
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

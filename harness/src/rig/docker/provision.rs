//! The making of an image: on a base from a registry, else from Debian packages alone. Both ways
//! end with the same packages and the same fixed program, `fixtures/images/provision`.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt;
use testcontainers::bollard::models::ContainerConfig;
use testcontainers::bollard::query_parameters::{
    CommitContainerOptionsBuilder, CreateImageOptionsBuilder, ListContainersOptionsBuilder,
};
use testcontainers::bollard::{body_try_stream, errors::Error};
use tokio::io::AsyncReadExt;
use tokio::process::Command as Process;
use tokio::time::timeout;

use super::bootstrap::{Wanted, start};
use super::engine::{Engine, api_trouble};
use super::image::{FILES, ImageTrouble, Progress, id};
use super::label::{BOOT, BUILD, PID, filter, plain};
use super::sweep::remove;
use super::wire::{FOLDER, exec_as_root};
use crate::rig::Trouble;
use crate::rig::lease::{Leased, boot_id};
use crate::rig::local::Workshop;

/// How long a registry may stay silent.
const REGISTRY_SILENCE: Duration = Duration::from_secs(15);
/// How long any step of the making may take.
const STEP_LIMIT: Duration = Duration::from_secs(20 * 60);
/// Bytes read of the new system at once.
const CHUNK: usize = 1 << 20;
/// Bytes kept of what a step says: its end.
const SAID_MAX: usize = 8 << 10;

/// The Debian release that holds a major version of PostgreSQL.
pub(super) fn suite(major: u32) -> Option<&'static str> {
    match major {
        15 => Some("bookworm"),
        17 => Some("trixie"),
        18 => Some("forky"),
        _ => None,
    }
}

/// Makes the image `tag` and gives its id. What was made on the way is removed on failure.
pub(super) async fn make(
    engine: &Engine,
    major: u32,
    tag: &str,
    setup: bool,
    progress: Progress<'_>,
) -> Result<String, ImageTrouble> {
    let suite = suite(major).ok_or(ImageTrouble::Major(major))?;
    let base = format!("debian:{suite}-slim");
    let making = Making { engine, major, suite, tag, progress };
    let base_id = match making.base(&base).await {
        Ok(id) => Some(id),
        Err(said) => {
            making.bootstrap(&base, &said, setup).await?;
            None
        }
    };
    if let Some(base_id) = base_id {
        making.on_base(&base_id).await?;
    }
    let made = id(engine, tag).await?;
    made.ok_or_else(|| making.failed("look at it", "the engine does not have it".to_owned()))
}

struct Making<'a> {
    engine: &'a Engine,
    major: u32,
    suite: &'a str,
    tag: &'a str,
    progress: Progress<'a>,
}

impl Making<'_> {
    fn failed(&self, step: &str, said: String) -> ImageTrouble {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        ImageTrouble::Step { tag: self.tag.to_owned(), step: step.to_owned(), said }
    }

    fn packages(&self) -> Vec<String> {
        let list = FILES.iter().find(|(name, _)| *name == "packages").map(|(_, text)| *text);
        let major = self.major.to_string();
        let lines = list.unwrap_or_default().split_whitespace();
        lines.map(|package| package.replace("@MAJOR@", &major)).collect()
    }

    /// The id of the base, from the engine or from a registry.
    async fn base(&self, base: &str) -> Result<String, String> {
        let here = id(self.engine, base).await.map_err(|trouble| trouble.said)?;
        if let Some(id) = here {
            return Ok(id);
        }
        (self.progress)(&format!("asking for `{base}`"));
        let options = CreateImageOptionsBuilder::new().from_image(base).build();
        let mut pulling = self.engine.docker.create_image(Some(options), None, None);
        let whole = async {
            loop {
                match timeout(REGISTRY_SILENCE, pulling.next()).await {
                    Ok(None) => return Ok(()),
                    Ok(Some(Ok(_))) => {}
                    Ok(Some(Err(error))) => return Err(error.to_string()),
                    Err(_) => return Err(format!("no answer within {REGISTRY_SILENCE:?}")),
                }
            }
        };
        let pulled = timeout(STEP_LIMIT, whole).await;
        pulled.unwrap_or_else(|_| Err(format!("not whole within {STEP_LIMIT:?}")))?;
        let here = id(self.engine, base).await.map_err(|trouble| trouble.said)?;
        here.ok_or_else(|| "the engine does not have it".to_owned())
    }

    /// Installs the packages in a container of the base and keeps it as the image.
    async fn on_base(&self, base: &str) -> Result<(), ImageTrouble> {
        self.clear().await?;
        let name = format!("pgrehearse-build-{}-{}", plain(self.tag, 40), std::process::id());
        let pid = std::process::id().to_string();
        let labels = [(BUILD, self.tag), (PID, &pid), (BOOT, &boot_id())];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let files = FILES.iter().filter(|(name, _)| name.ends_with(".pl") || *name == "provision");
        let wanted = Wanted {
            name: name.clone(),
            image: base.to_owned(),
            hostname: "build".to_owned(),
            network: None,
            labels: HashMap::from(labels),
            volumes: vec![],
            files: files
                .map(|(name, text)| (format!("{FOLDER}/{name}"), text.as_bytes().to_vec()))
                .collect(),
        };
        let container = start(self.engine, wanted).await?;
        let filled = match timeout(STEP_LIMIT, self.fill(&name)).await {
            Ok(filled) => filled,
            Err(_) => Err(self.failed("install", format!("not done within {STEP_LIMIT:?}"))),
        };
        let kept = match filled {
            Ok(()) => self.keep(&name).await,
            Err(trouble) => Err(trouble),
        };
        let removed = remove(self.engine, &Leased::Container { name }).await;
        container.let_go();
        kept?;
        Ok(removed?)
    }

    async fn fill(&self, container: &str) -> Result<(), ImageTrouble> {
        let packages = self.packages();
        let mut install = vec!["apt-get", "install", "--yes", "--quiet", "--no-install-recommends"];
        install.extend(packages.iter().map(String::as_str));
        let provision = format!("{FOLDER}/provision");
        let steps: [(&str, &[&str]); 3] = [
            ("read the package lists", &["apt-get", "--quiet", "update"]),
            ("install the packages", &install),
            ("set the system up", &[&provision]),
        ];
        let env = ["DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"];
        for (step, argv) in steps {
            (self.progress)(&format!("`{}`: {step}", self.tag));
            let mut said = String::new();
            let mut heard = |text: &str| keep_end(&mut said, text);
            let code = exec_as_root(self.engine, container, argv, &env, &mut heard).await?;
            if code != Some(0) {
                return Err(self.failed(step, format!("exit status {code:?}: {said}")));
            }
        }
        Ok(())
    }

    async fn keep(&self, container: &str) -> Result<(), ImageTrouble> {
        (self.progress)(&format!("`{}`: keep it", self.tag));
        let (repository, version) = self.named();
        let options = CommitContainerOptionsBuilder::new()
            .container(container)
            .repo(repository)
            .tag(version)
            .pause(true)
            .build();
        let call = self.engine.docker.commit_container(options, ContainerConfig::default());
        match timeout(STEP_LIMIT, call).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(api_trouble("keep the image", &error.to_string()).into()),
            Err(_) => Err(api_trouble("keep the image", "no answer").into()),
        }
    }

    /// The image's name, in its two parts.
    fn named(&self) -> (&str, &str) {
        self.tag.split_once(':').unwrap_or((self.tag, "latest"))
    }

    /// Removes containers in which an image was being made on this machine: we hold the lock, so
    /// whoever made them is dead.
    async fn clear(&self) -> Result<(), Trouble> {
        let boot = boot_id();
        let filters = filter(&[(BUILD, ""), (BOOT, &boot)]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let found = self.engine.docker.list_containers(Some(options));
        for one in self.engine.call("list unfinished images", found).await? {
            let ours = one.labels.as_ref().is_some_and(|labels| labels.contains_key(BUILD));
            let name = one.names.and_then(|names| names.into_iter().next()).filter(|_| ours);
            if let Some(name) = name {
                let name = name.trim_start_matches('/').to_owned();
                remove(self.engine, &Leased::Container { name }).await?;
            }
        }
        Ok(())
    }

    /// Makes the whole system from packages and hands it to the engine.
    async fn bootstrap(&self, base: &str, said: &str, setup: bool) -> Result<(), ImageTrouble> {
        let mut program = on_path("mmdebstrap");
        if program.is_none() && setup && rustix::process::geteuid().is_root() {
            (self.progress)("installing `mmdebstrap` on this machine");
            let install = ["install", "--yes", "--no-install-recommends", "mmdebstrap"];
            let apt_get = |words: &[&str]| {
                let mut process = Process::new("apt-get");
                process.args(words);
                process
            };
            if self.process("apt-get", apt_get(&install)).await.is_err() {
                self.process("apt-get", apt_get(&["update"])).await?;
                self.process("apt-get", apt_get(&install)).await?;
            }
            program = on_path("mmdebstrap");
        }
        let Some(program) = program else {
            let (tag, base, said) = (self.tag.to_owned(), base.to_owned(), said.to_owned());
            return Err(ImageTrouble::NoMeans { tag, base, said });
        };
        let folder = Workshop::open("image");
        let folder = folder.map_err(|error| self.failed("make a folder", error.to_string()))?;
        let written = FILES.iter().try_for_each(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
        });
        written.map_err(|error| self.failed("write its files", error.to_string()))?;
        let system = folder.path().join("system.tar");
        (self.progress)(&format!("`{}`: make a Debian {} from packages", self.tag, self.suite));
        let hooks = format!("--hook-directory={}", folder.path().display());
        let include = format!("--include={}", self.packages().join(","));
        // What is cleaned away of /run otherwise is the default socket folder.
        let run = "--skip=cleanup/run";
        let mut words = vec!["--variant=minbase", "--quiet", run, &hooks, &include];
        if self.suite == "forky" {
            // A moving release: on a mirror that stands still, its index is past its date.
            words.push("--aptopt=Acquire::Check-Valid-Until \"false\"");
        }
        let target = system.display().to_string();
        words.extend([self.suite, &target]);
        // What it mounts is gone with it, however it ends.
        let mut process = Process::new(&program);
        if rustix::process::geteuid().is_root() {
            process = Process::new("unshare");
            process.arg("--mount").arg("--").arg(&program);
        }
        folder.employ(&mut process).args(&words);
        self.process("mmdebstrap", process).await?;
        (self.progress)(&format!("`{}`: hand it to the engine", self.tag));
        self.import(&system).await
    }

    async fn process(&self, name: &str, mut process: Process) -> Result<(), ImageTrouble> {
        process.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
        process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let spawned = process.kill_on_drop(true).spawn();
        let mut child = spawned.map_err(|error| self.failed(name, error.to_string()))?;
        let mut errors = child.stderr.take().expect("its standard error is piped");
        let mut said = String::new();
        let whole = async {
            let mut chunk = vec![0; SAID_MAX];
            while let Ok(got @ 1..) = errors.read(&mut chunk).await {
                keep_end(&mut said, &String::from_utf8_lossy(&chunk[..got]));
            }
            child.wait().await
        };
        match timeout(STEP_LIMIT, whole).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(self.failed(name, format!("{status}: {said}"))),
            Ok(Err(error)) => Err(self.failed(name, error.to_string())),
            Err(_) => Err(self.failed(name, format!("not done within {STEP_LIMIT:?}"))),
        }
    }

    async fn import(&self, system: &Path) -> Result<(), ImageTrouble> {
        let file = tokio::fs::File::open(system).await;
        let file = file.map_err(|error| self.failed("read the system", error.to_string()))?;
        let chunks = futures_util::stream::try_unfold(file, |mut file| async move {
            let mut chunk = vec![0; CHUNK];
            let got = file.read(&mut chunk).await?;
            chunk.truncate(got);
            Ok::<_, std::io::Error>((got > 0).then(|| (chunk.into(), file)))
        });
        let (repository, version) = self.named();
        let options =
            CreateImageOptionsBuilder::new().from_src("-").repo(repository).tag(version).build();
        let body = body_try_stream(chunks);
        let mut importing = self.engine.docker.create_image(Some(options), Some(body), None);
        let whole = async {
            while let Some(one) = importing.next().await {
                one?;
            }
            Ok::<_, Error>(())
        };
        match timeout(STEP_LIMIT, whole).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(api_trouble("take the image", &error.to_string()).into()),
            Err(_) => Err(api_trouble("take the image", "no answer").into()),
        }
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn keep_end(said: &mut String, text: &str) {
    said.push_str(text);
    let over = said.len().saturating_sub(SAID_MAX);
    let cut = (over..=said.len()).find(|place| said.is_char_boundary(*place)).unwrap_or(over);
    said.drain(..cut);
}

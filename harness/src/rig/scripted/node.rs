//! A node of a script.

use async_trait::async_trait;

use super::call::Call;
use super::rig::ScriptedRig;
use super::session::ScriptedSession;
use super::world::World;
use crate::rig::sql::CONNECT_LIMIT;
use crate::rig::{Command, Login, Node, NodeSpec, Output, Place, Session, SqlTrouble, Trouble};

/// A node that exists in memory only.
pub(super) struct ScriptedNode {
    pub rig: ScriptedRig,
    pub spec: NodeSpec,
}

#[async_trait]
impl Node for ScriptedNode {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn enter(&self, _variables: &[(&str, &str)], argv: &[&str]) -> String {
        argv.join(" ")
    }

    fn facts(&self) -> Vec<(String, String)> {
        let version = format!("{}.0", self.spec.postgres);
        let facts = [("ground", "a script".to_owned()), ("postgres", version)];
        facts.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    fn place(&self, place: Place) -> String {
        if let Some(mount) = self.spec.volumes.iter().find(|mount| mount.at == place) {
            return format!("/volumes/{}", mount.volume.0);
        }
        let name = match place {
            Place::Data => "data",
            Place::Socket => "socket",
            Place::Log => "log",
            Place::Tablespaces => "tablespaces",
            Place::Repository => "repository",
            Place::Original => "original",
            Place::Scratch => "scratch",
        };
        format!("/{}/{name}", self.spec.name)
    }

    fn tool(&self, name: &str) -> String {
        name.to_owned()
    }

    async fn run(&self, command: &Command) -> Result<Output, Trouble> {
        let call = Call::Run { node: self.spec.name.clone(), command: command.clone() };
        self.rig.output(call, Some(command.limit)).await
    }

    async fn start(&self, command: &Command, log: &str) -> Result<u32, Trouble> {
        let node = self.spec.name.clone();
        let call = Call::Start { node, command: command.clone(), log: log.to_owned() };
        let started = self.rig.output(call, Some(command.limit)).await?;
        let pid = started.text().trim().parse();
        Ok(pid.unwrap_or_else(|_| {
            self.rig.world(|world| u32::try_from(world.fresh()).unwrap_or(u32::MAX))
        }))
    }

    async fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), Trouble> {
        let (node, path) = (self.spec.name.clone(), path.to_owned());
        let call = Call::Write { node, path, bytes: bytes.to_owned(), mode };
        self.rig.output(call, None).await.map(drop)
    }

    async fn connect(&self, login: &Login) -> Result<Box<dyn Session>, SqlTrouble> {
        let (user, database) = (login.user.clone(), login.database.clone());
        let node = self.spec.name.clone();
        let call =
            Call::Connect { node: node.clone(), user: user.clone(), database: database.clone() };
        self.rig.answer(call, Some(CONNECT_LIMIT)).await?;
        let opened =
            |world: &mut World| (world.open_session(&node, &user), world.server_pid(&node));
        let (number, server) = self.rig.world(opened);
        Ok(Box::new(ScriptedSession {
            rig: self.rig.clone(),
            node,
            user,
            database,
            number,
            server,
            notices: vec![],
            closed: false,
        }))
    }

    async fn destroy(&self) -> Result<(), Trouble> {
        let node = self.spec.name.clone();
        self.rig.output(Call::Destroy(node.clone()), None).await?;
        self.rig.world(|world| world.lose(&node));
        Ok(())
    }
}

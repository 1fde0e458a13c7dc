//! Carries what a DROP took from the server recovered aside into the living database: by pg_dump
//! and pg_restore, and loaded by psql in one transaction, so that nobody sees a part of it.

use std::collections::BTreeSet;
use std::time::Duration;

use pgrehearse_verdict::journal::{RigCause, SubjectCause};

use crate::disaster::TableName;
use crate::drill::salvage::lacking::lacking;
use crate::drill::{QUERY_LIMIT, Server, quote_literal, refused};
use crate::engine::{Client, by_name, databases};
use crate::rig::{Command, Place, Stage, Trouble};

/// How long one command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(3600);
/// Tables, with their partitions and sequences, that one DROP may have taken.
const RELATIONS_MAX: usize = 10_000;
/// Everything with contents that is not the server's own or an extension's, what was made first
/// in front: a view of views is made after them.
const RELATIONS: &str = "SELECT pg_catalog.format('\"%s\".\"%s\"', \
     pg_catalog.replace(n.nspname, '\"', '\"\"'), pg_catalog.replace(c.relname, '\"', '\"\"')), \
     CASE WHEN c.relkind IN ('r', 'p') THEN 'rows' \
     WHEN c.relkind = 'm' AND c.relispopulated THEN 'query' ELSE 'no rows' END \
     FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'm', 'S') AND c.relpersistence <> 't' \
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') \
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d \
     WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
     AND d.objid = c.oid AND d.deptype = 'e') ORDER BY c.oid";

/// Something with contents.
struct Relation {
    /// As pg_dump and SQL name it.
    name: String,
    holds: Holds,
}

/// What a relation holds, and thus what is to be done after its definition is back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Rows, of its own or of its partitions.
    Rows,
    /// The rows of a query: pg_dump does not dump them.
    Query,
    /// A position, or nothing at all.
    NoRows,
}

/// The two servers, and where their files meet.
pub(super) struct Salvage<'a> {
    pub(super) stage: &'a Stage,
    pub(super) aside: &'a Server,
    pub(super) living: &'a Server,
    /// A folder of the repository, which both see.
    pub(super) folder: String,
}

impl Salvage<'_> {
    /// Carries `table` over, and with it whatever else the living database lacks.
    pub(super) async fn carry(&self, table: &TableName) -> Result<(), Trouble> {
        let database = self.database_of(table).await?;
        let gone = self.gone(&database).await?;
        if !gone.iter().any(|relation| relation.name == table.quoted()) {
            let said = format!("table `{table}` is not gone from the living database");
            return Err(Trouble::rig(RigCause::NotADrill, said));
        }
        let make = ["mkdir", "-p", "--", &self.path(self.aside, "")];
        self.stage.must(&*self.aside.node, Command::housekeeping("make a folder", make)).await?;
        let loaded = self.carried(&database, &gone).await;
        let remove = ["rm", "-rf", "--", &self.path(self.aside, "")];
        let remove = Command::housekeeping("remove what was carried over", remove);
        let removed = self.stage.must(&*self.aside.node, remove).await;
        loaded.and(removed.map(|_| ()))
    }

    async fn carried(&self, database: &str, gone: &[Relation]) -> Result<(), Trouble> {
        let aside = self.described(self.aside, database, "aside").await?;
        let living = self.described(self.living, database, "living").await?;
        let lines = lacking(&aside, &living).join("\n") + "\n";
        self.aside.node.write(&self.path(self.aside, "list"), lines.as_bytes(), 0o600).await?;
        for section in ["pre-data", "post-data"] {
            self.script(section).await?;
        }
        self.rows(database, gone).await?;
        self.load(database, gone).await
    }

    /// A file of the folder, as `server` names it.
    fn path(&self, server: &Server, name: &str) -> String {
        format!("{}/{}/{name}", server.node.place(Place::Repository), self.folder)
    }

    /// The one database of the server aside that has the table.
    async fn database_of(&self, table: &TableName) -> Result<String, Trouble> {
        let during = "look for the table";
        let mut found = vec![];
        for database in databases(self.aside).await? {
            let mut session = self.aside.connect(&database).await.map_err(refused(during))?;
            let name = quote_literal(&table.quoted());
            let ask = format!("SELECT pg_catalog.to_regclass({name}) IS NOT NULL");
            let answer = session.query(&ask, QUERY_LIMIT).await.map_err(refused(during))?;
            let row = answer.first().and_then(|table| table.rows.first()?.first()?.as_deref());
            if row == Some("t") {
                found.push(database);
            }
        }
        let count = found.len();
        match (found.pop(), count) {
            (Some(database), 1) => Ok(database),
            _ => {
                let said = format!("{count} databases aside have a table `{table}`, wanted one");
                Err(Trouble::subject(SubjectCause::Server, said))
            }
        }
    }

    /// What has contents aside, and is not there in the living database.
    async fn gone(&self, database: &str) -> Result<Vec<Relation>, Trouble> {
        let living = relations(self.living, database).await?;
        let there: BTreeSet<&str> = living.iter().map(|it| it.name.as_str()).collect();
        let aside = relations(self.aside, database).await?;
        Ok(aside.into_iter().filter(|it| !there.contains(it.name.as_str())).collect())
    }

    /// Dumps the definitions of a database, and lists them.
    async fn described(
        &self,
        server: &Server,
        database: &str,
        name: &str,
    ) -> Result<String, Trouble> {
        let (client, node) = (Client::superuser(server).await?, &*server.node);
        let path = self.path(server, name);
        let argv = [
            "--format=custom".to_owned(),
            "--schema-only".to_owned(),
            "--no-password".to_owned(),
            format!("--file={path}"),
            by_name(database),
        ];
        let purpose = format!("dump the definitions of the {name} database");
        let dump = client.command(&purpose, COMMAND_LIMIT, "pg_dump", argv);
        self.stage.must(node, dump).await?;
        let purpose = format!("list the definitions of the {name} database");
        let argv = [node.tool("pg_restore"), "--list".to_owned(), path];
        let listed = self.stage.must(node, Command::new(&purpose, COMMAND_LIMIT, argv)).await?;
        if listed.cut {
            let said = format!("{purpose}: there are more than can be compared");
            return Err(Trouble::rig(RigCause::NotADrill, said));
        }
        Ok(listed.text())
    }

    /// Turns one part of what is lacking into a script.
    async fn script(&self, section: &str) -> Result<(), Trouble> {
        let (server, node) = (self.aside, &*self.aside.node);
        let argv = [
            node.tool("pg_restore"),
            format!("--use-list={}", self.path(server, "list")),
            format!("--section={section}"),
            format!("--file={}", self.path(server, &format!("{section}.sql"))),
            self.path(server, "aside"),
        ];
        let purpose = format!("write the script of what is lacking: {section}");
        self.stage.must(node, Command::new(&purpose, COMMAND_LIMIT, argv)).await.map(|_| ())
    }

    /// Dumps the rows and the positions of sequences.
    async fn rows(&self, database: &str, gone: &[Relation]) -> Result<(), Trouble> {
        let client = Client::superuser(self.aside).await?;
        let mut argv = vec![
            "--format=plain".to_owned(),
            "--data-only".to_owned(),
            "--strict-names".to_owned(),
            "--no-password".to_owned(),
            format!("--file={}", self.path(self.aside, "data.sql")),
            by_name(database),
        ];
        argv.extend(gone.iter().map(|it| format!("--table={}", it.name)));
        let dump = client.command("dump the rows that are lacking", COMMAND_LIMIT, "pg_dump", argv);
        self.stage.must(&*self.aside.node, dump).await.map(|_| ())
    }

    /// Loads definitions, rows and what stands on them, and gathers statistics: in one transaction.
    async fn load(&self, database: &str, gone: &[Relation]) -> Result<(), Trouble> {
        let (server, node) = (self.living, &*self.living.node);
        let finish: String = gone.iter().map(finish).collect();
        node.write(&self.path(server, "finish.sql"), finish.as_bytes(), 0o600).await?;
        let mut argv = vec![
            "--no-psqlrc".to_owned(),
            "--quiet".to_owned(),
            "--no-password".to_owned(),
            "--single-transaction".to_owned(),
            "--set=ON_ERROR_STOP=1".to_owned(),
            "--output=/dev/null".to_owned(),
            by_name(database),
        ];
        let scripts = ["pre-data", "data", "post-data", "finish"];
        argv.extend(
            scripts.map(|it| format!("--file={}", self.path(server, &format!("{it}.sql")))),
        );
        let client = Client::superuser(server).await?;
        let load = client.command("load what is lacking", COMMAND_LIMIT, "psql", argv);
        self.stage.must(node, load).await.map(|_| ())
    }
}

async fn relations(server: &Server, database: &str) -> Result<Vec<Relation>, Trouble> {
    let during = "list the tables";
    let mut session = server.connect(database).await.map_err(refused(during))?;
    let tables = session.query(RELATIONS, QUERY_LIMIT).await.map_err(refused(during))?;
    let rows = tables.into_iter().next().unwrap_or_default().rows;
    if rows.len() > RELATIONS_MAX {
        let said = format!("{during}: there are {}, at most {RELATIONS_MAX} fit", rows.len());
        return Err(Trouble::rig(RigCause::NotADrill, said));
    }
    let relation = |row: Vec<Option<String>>| {
        let mut row = row.into_iter().flatten();
        let name = row.next()?;
        let holds = match row.next()?.as_str() {
            "rows" => Holds::Rows,
            "query" => Holds::Query,
            _ => Holds::NoRows,
        };
        Some(Relation { name, holds })
    };
    Ok(rows.into_iter().filter_map(relation).collect())
}

/// The statements that a relation is finished with.
fn finish(relation: &Relation) -> String {
    let name = &relation.name;
    match relation.holds {
        Holds::Rows => format!("ANALYZE {name};\n"),
        Holds::Query => format!("REFRESH MATERIALIZED VIEW {name};\nANALYZE {name};\n"),
        Holds::NoRows => String::new(),
    }
}

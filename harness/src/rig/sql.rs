//! Sessions over tokio-postgres; no other file names it. A connection is made from the [`Login`]
//! alone: no PG* variable, service file or password file is ever read, and there is no TLS.

mod tap;

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use pgrehearse_verdict::question::Table;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, SimpleQueryMessage};

use crate::rig::{CopySink, Login, Session, SqlTrouble};

/// How long a server may take to let us in, or to say that it will not.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// An answer to [`Session::query`] longer than this is refused, in bytes of its values.
pub const ANSWER_BYTES_MAX: usize = 256 << 20;
/// Notices kept between two looks at them; later ones are dropped and counted.
const NOTICES_MAX: usize = 10_000;
/// What a server said is cut here, in characters.
const SAID_CHARS_MAX: usize = 2_000;
/// How long a closed connection's last words are waited for.
const LAST_WORDS_LIMIT: Duration = Duration::from_secs(1);

/// Connects to the server whose socket for `port` lies in `dir`. An error has a code if the
/// server answered and refused; it is `lost` if nobody answered.
pub async fn connect_unix(
    dir: &str,
    port: u16,
    login: &Login,
) -> Result<Box<dyn Session>, SqlTrouble> {
    let path = format!("{dir}/.s.PGSQL.{port}");
    let way = async {
        let stream = UnixStream::connect(&path).await.map_err(|error| lost(&path, error))?;
        open(stream, login).await
    };
    timeout(CONNECT_LIMIT, way).await.unwrap_or_else(|_| Err(silence(&path, CONNECT_LIMIT)))
}

/// Connects over TCP; errors as for [`connect_unix`].
pub async fn connect_tcp(
    host: IpAddr,
    port: u16,
    login: &Login,
) -> Result<Box<dyn Session>, SqlTrouble> {
    let place = format!("{host} port {port}");
    let way = async {
        let stream = TcpStream::connect((host, port)).await.map_err(|error| lost(&place, error))?;
        stream.set_nodelay(true).map_err(|error| lost(&place, error))?;
        open(stream, login).await
    };
    timeout(CONNECT_LIMIT, way).await.unwrap_or_else(|_| Err(silence(&place, CONNECT_LIMIT)))
}

/// Connects over a stream that already leads to a server; errors as for [`connect_unix`].
pub async fn connect_over<S>(stream: S, login: &Login) -> Result<Box<dyn Session>, SqlTrouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let opened = timeout(CONNECT_LIMIT, open(stream, login)).await;
    opened.unwrap_or_else(|_| Err(silence("the server", CONNECT_LIMIT)))
}

async fn open<S>(stream: S, login: &Login) -> Result<Box<dyn Session>, SqlTrouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut config = Config::new();
    config.user(&login.user).dbname(&login.database).password(login.password.reveal());
    config.options(options(&login.settings)?);
    let tap = tap::Place::default();
    let stream = tap::Tapped::new(stream, tap.clone());
    let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(|error| {
        // Nothing of ours was sent yet: a refusal is an answer, not a loss.
        let answered = error.as_db_error().is_some();
        SqlTrouble { lost: !answered, ..trouble(&error) }
    })?;
    let notices = Arc::new(Mutex::new(Notices::default()));
    let driver = tokio::spawn(drive(connection, Arc::clone(&notices)));
    Ok(Box::new(Open { client: Arc::new(client), driver, notices, tap, awaiting: false }))
}

/// Settings in the form of the startup packet's `options`. They are in force before the first
/// statement, and RESET comes back to them.
fn options(settings: &[(String, String)]) -> Result<String, SqlTrouble> {
    let mut options = String::new();
    for (name, value) in settings {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if name.is_empty() || !name.chars().all(plain) || value.contains('\0') {
            let said = format!("`{name}` cannot be set at the start of a session");
            return Err(SqlTrouble { code: None, said, lost: false });
        }
        options.push_str(" -c ");
        for c in name.chars().chain(['=']).chain(value.chars()) {
            // The server splits at what isspace() of the C locale calls space; it knows one escape.
            if c == '\\' || c.is_ascii_whitespace() || c == '\u{b}' {
                options.push('\\');
            }
            options.push(c);
        }
    }
    Ok(options)
}

#[derive(Default)]
struct Notices {
    kept: Vec<(String, String)>,
    dropped: u64,
}

/// Moves the bytes of one connection, and keeps its notices, until it ends; its last words.
async fn drive<S>(
    mut connection: Connection<S, NoTlsStream>,
    notices: Arc<Mutex<Notices>>,
) -> Option<SqlTrouble>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|cx| connection.poll_message(cx)).await {
            None => return None,
            Some(Err(error)) => return Some(trouble(&error)),
            Some(Ok(AsyncMessage::Notice(notice))) => {
                let mut notices = notices.lock().unwrap_or_else(PoisonError::into_inner);
                if notices.kept.len() < NOTICES_MAX {
                    notices.kept.push((notice.code().code().to_owned(), words(&notice)));
                } else {
                    notices.dropped += 1;
                }
            }
            Some(Ok(_)) => {}
        }
    }
}

struct Open {
    client: Arc<Client>,
    driver: JoinHandle<Option<SqlTrouble>>,
    notices: Arc<Mutex<Notices>>,
    tap: tap::Place,
    /// An answer is outstanding. It stays so when a limit passes or the caller goes away: what
    /// would come next belongs to the old question, so the connection is never used again.
    awaiting: bool,
}

impl Open {
    async fn exchange<T>(
        &mut self,
        limit: Duration,
        work: impl Future<Output = Result<T, SqlTrouble>>,
    ) -> Result<T, SqlTrouble> {
        if self.awaiting {
            self.driver.abort();
            return Err(lost("the session is closed", "an earlier answer was not waited for"));
        }
        self.awaiting = true;
        match timeout(limit, work).await {
            Ok(Err(trouble)) if trouble.lost => Err(self.last_words(trouble).await),
            Ok(done) => {
                self.awaiting = false;
                done
            }
            Err(_) => {
                self.driver.abort();
                Err(silence("the server", limit))
            }
        }
    }

    /// Why the connection ended: what the server said to the connection rather than to the query,
    /// if it said anything.
    async fn last_words(&mut self, trouble: SqlTrouble) -> SqlTrouble {
        let ended = timeout(LAST_WORDS_LIMIT, &mut self.driver).await;
        self.driver.abort();
        if trouble.code.is_some() {
            return trouble;
        }
        let said = ended.ok().and_then(Result::ok).flatten().filter(|said| said.code.is_some());
        // A server that crashes says so in a warning before it closes its connections.
        let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let warned = notices.kept.last().filter(|(code, _)| code.starts_with("57P"));
        let warned = warned.map(|(code, said)| SqlTrouble {
            code: Some(code.clone()),
            said: said.clone(),
            lost: true,
        });
        said.or(warned).map_or(trouble, |said| SqlTrouble { lost: true, ..said })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Without an outstanding answer the driver says goodbye and ends by itself.
        if self.awaiting {
            self.driver.abort();
        }
    }
}

#[async_trait]
impl Session for Open {
    async fn query(&mut self, sql: &str, limit: Duration) -> Result<Vec<Table>, SqlTrouble> {
        let client = Arc::clone(&self.client);
        self.exchange(limit, query(&client, sql)).await
    }

    async fn copy_out(
        &mut self,
        sql: &str,
        sink: Box<dyn CopySink>,
        limit: Duration,
    ) -> Result<(u64, Box<dyn CopySink>), SqlTrouble> {
        let (client, tap) = (Arc::clone(&self.client), self.tap.clone());
        self.exchange(limit, copy_out(&client, sql, sink, &tap)).await
    }

    fn notices(&mut self) -> Vec<(String, String)> {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = std::mem::take(&mut notices.kept);
        let dropped = std::mem::take(&mut notices.dropped);
        if dropped > 0 {
            kept.push(("00000".to_owned(), format!("{dropped} further notices were not kept")));
        }
        kept
    }
}

async fn query(client: &Client, sql: &str) -> Result<Vec<Table>, SqlTrouble> {
    let stream = client.simple_query_raw(sql).await.map_err(|error| trouble(&error))?;
    let mut stream = std::pin::pin!(stream);
    let mut tables = vec![];
    let mut table = Table::default();
    let mut bytes = 0;
    while let Some(message) = stream.next().await {
        match message.map_err(|error| trouble(&error))? {
            SimpleQueryMessage::RowDescription(columns) => {
                table.columns = columns.iter().map(|column| column.name().to_owned()).collect();
            }
            SimpleQueryMessage::Row(row) => {
                let values = (0..row.len()).map(|at| {
                    let value = row.try_get(at).map_err(|error| trouble(&error))?;
                    bytes += value.map_or(0, str::len);
                    Ok(value.map(str::to_owned))
                });
                table.rows.push(values.collect::<Result<_, SqlTrouble>>()?);
                if bytes > ANSWER_BYTES_MAX {
                    let said = format!("it is longer than {ANSWER_BYTES_MAX} bytes");
                    return Err(lost("the answer was given up", said));
                }
            }
            SimpleQueryMessage::CommandComplete(_) => tables.push(std::mem::take(&mut table)),
            _ => return Err(lost("the answer was given up", "it has a part we do not know")),
        }
    }
    Ok(tables)
}

async fn copy_out(
    client: &Client,
    sql: &str,
    sink: Box<dyn CopySink>,
    tap: &tap::Place,
) -> Result<(u64, Box<dyn CopySink>), SqlTrouble> {
    // Rows are taken out of the stream before the library sees them.
    tap.open(sink);
    let ended = await_end(client, sql).await;
    let tapped = tap.close();
    ended?;
    let Some(tap::Tap { sink, rows, announced, .. }) = tapped else {
        return Err(lost("the rows were given up", "nobody took them"));
    };
    if announced != Some(rows) {
        let said = format!("{rows} came, and the server says {announced:?}");
        return Err(lost("the rows are not whole", said));
    }
    Ok((rows, sink))
}

async fn await_end(client: &Client, sql: &str) -> Result<(), SqlTrouble> {
    let stream = client.copy_out(sql).await.map_err(|error| trouble(&error))?;
    let mut stream = std::pin::pin!(stream);
    if let Some(row) = stream.next().await {
        row.map_err(|error| trouble(&error))?;
        return Err(lost("the rows were given up", "one went astray"));
    }
    // The end of the rows is not yet the end of the command: an error may still follow.
    match stream.next().await {
        Some(Err(error)) if error.as_db_error().is_some() || error.is_closed() => {
            Err(trouble(&error))
        }
        _ => Ok(()),
    }
}

fn lost(what: &str, why: impl std::fmt::Display) -> SqlTrouble {
    SqlTrouble { code: None, said: one_line(&format!("{what}: {why}")), lost: true }
}

fn silence(who: &str, limit: Duration) -> SqlTrouble {
    lost(who, format!("no answer within {limit:?}"))
}

/// The trouble behind an error of the library's. What is not an error message of the server's
/// leaves the connection in a state nobody knows.
fn trouble(error: &tokio_postgres::Error) -> SqlTrouble {
    let Some(said) = error.as_db_error() else {
        let cause = std::error::Error::source(error);
        return match cause {
            Some(cause) => lost(&error.to_string(), cause),
            None => SqlTrouble { code: None, said: one_line(&error.to_string()), lost: true },
        };
    };
    SqlTrouble {
        code: Some(said.code().code().to_owned()),
        said: words(said),
        lost: !matches!(said.parsed_severity(), Some(Severity::Error)),
    }
}

fn words(said: &DbError) -> String {
    match said.detail() {
        Some(detail) => one_line(&format!("{} ({detail})", said.message())),
        None => one_line(said.message()),
    }
}

fn one_line(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    line.join(" ").chars().take(SAID_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_escaped_so_that_a_value_stays_one_value() {
        let settings = [("search_path", r"a b\c"), ("pgrehearse.x", "")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expected = r" -c search_path=a\ b\\c -c pgrehearse.x=";
        assert_eq!(options(&settings), Ok(expected.to_owned()));
    }

    #[test]
    fn a_setting_whose_name_could_smuggle_another_is_refused() {
        for name in ["", "a b", "a -c b", "a=b", "a\\"] {
            let settings = [(name.to_owned(), "1".to_owned())];
            assert!(options(&settings).is_err(), "`{name}`");
        }
    }
}

//! What can be written as a word or as a map. Never `untagged`: that would lose every place.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::scenario::{Pinned, Text};

/// Something that is a word, or a map, or a list.
pub(crate) trait Form: Sized {
    /// What is wanted, for messages.
    const WANTED: &'static str;

    /// From a word.
    fn word(word: String) -> Self;

    /// From a map.
    fn map<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;

    /// From a list.
    fn list<'de, A: SeqAccess<'de>>(_list: A) -> Result<Self, A::Error> {
        Err(A::Error::custom(format!("found a list, wanted {}", Self::WANTED)))
    }
}

/// Reads a form. A number is taken as a word: what it lacks is said where words are looked at.
pub(crate) fn form<'de, F: Form, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
    deserializer.deserialize_any(FormVisitor(PhantomData))
}

struct FormVisitor<F>(PhantomData<F>);

impl<'de, F: Form> Visitor<'de> for FormVisitor<F> {
    type Value = F;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(F::WANTED)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<F, E> {
        Ok(F::word(word.to_owned()))
    }

    fn visit_bool<E: Error>(self, word: bool) -> Result<F, E> {
        Ok(F::word(word.to_string()))
    }

    fn visit_u64<E: Error>(self, word: u64) -> Result<F, E> {
        Ok(F::word(word.to_string()))
    }

    fn visit_i64<E: Error>(self, word: i64) -> Result<F, E> {
        Ok(F::word(word.to_string()))
    }

    fn visit_f64<E: Error>(self, word: f64) -> Result<F, E> {
        Ok(F::word(word.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<F, E> {
        Ok(F::word(String::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<F, A::Error> {
        F::map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<F, A::Error> {
        F::list(list)
    }
}

/// A key that may not be there: the complaint stands on the key itself.
struct SecondKey;

impl<'de> Deserialize<'de> for SecondKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        let key = crate::scenario::diagnostic::quoted(&key);
        Err(D::Error::custom(format!("only one kind fits here, {key} is a second one")))
    }
}

/// The one key of a map with its value.
pub(crate) fn single<'de, K, V, A>(map: &mut A, wanted: &str) -> Result<(K, V), A::Error>
where
    K: Deserialize<'de>,
    V: Deserialize<'de>,
    A: MapAccess<'de>,
{
    let key = map.next_key()?;
    let key =
        key.ok_or_else(|| A::Error::custom(format!("found an empty map, wanted {wanted}")))?;
    let value = map.next_value()?;
    alone(map)?;
    Ok((key, value))
}

/// Refuses whatever else is in a map.
pub(crate) fn alone<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    match map.next_key::<SecondKey>()? {
        None => Ok(()),
        Some(SecondKey) => Err(A::Error::custom("only one kind fits here")),
    }
}

/// Reads the whole map as a struct.
pub(crate) fn whole<'de, T: Deserialize<'de>, A: MapAccess<'de>>(map: A) -> Result<T, A::Error> {
    T::deserialize(MapAccessDeserializer::new(map))
}

/// Gives a form its `Deserialize`, and a schema that takes a word or one of the listed types.
macro_rules! word_or {
    ($form:ident, $($schema:ty),+) => {
        impl<'de> Deserialize<'de> for $form {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::scenario::forms::form(deserializer)
            }
        }

        impl schemars::JsonSchema for $form {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($form).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let others = [$(generator.subschema_for::<$schema>()),+];
                let mut any = vec![schemars::json_schema!({ "type": "string" })];
                any.extend(others);
                schemars::json_schema!({ "anyOf": any })
            }
        }
    };
}
pub(crate) use word_or;

/// A kind with its parameters, its own enum's key and value. One without parameters may be
/// written as its name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind<S>(pub S);

impl<'de, S: DeserializeOwned> Deserialize<'de> for Kind<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor(PhantomData))
    }
}

struct KindVisitor<S>(PhantomData<S>);

impl<'de, S: DeserializeOwned> Visitor<'de> for KindVisitor<S> {
    type Value = Kind<S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind with its parameters")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Kind<S>, E> {
        let bare = serde_json::json!({ word: {} });
        S::deserialize(bare).map(Kind).map_err(|error| {
            let said = error.to_string();
            let word = crate::scenario::quoted(word);
            E::custom(match said.split_once(", expected ") {
                Some((_, wanted)) => format!("there is no kind {word}, wanted {wanted}"),
                None => format!("{word} cannot stand without its parameters: {said}"),
            })
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind<S>, A::Error> {
        let spec = S::deserialize(MapAccessDeserializer::new(&mut map))?;
        alone(&mut map)?;
        Ok(Kind(spec))
    }
}

impl<S: JsonSchema> JsonSchema for Kind<S> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}OrName", S::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("{}OrName", S::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let spec = generator.subschema_for::<S>();
        json_schema!({ "anyOf": [{ "type": "string" }, spec] })
    }
}

/// `fixture:` a folder's name, a file of one's own, or what is to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FixtureForm {
    /// The name of a folder in `fixtures/`.
    Word(String),
    /// A file for psql.
    Sql(Pinned<String>),
    /// An archive of pg_dump's.
    Dump(Pinned<String>),
    /// Drawn from the seed of the drill.
    Generated(GeneratedForm),
}

/// How much is drawn from the seed of the drill.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeneratedForm {
    /// How many features of schemas are drawn, from 1 to 200; 12 where nothing is said.
    pub features: Option<Pinned<u32>>,
    /// How many rows a table gets, from 1 to 1000000; 500 where nothing is said.
    pub rows: Option<Pinned<u32>>,
    /// What must be able to bring all of it back: copied files, where nothing is said, or a dump.
    pub kept_by: Option<KeptBy>,
}

/// What must be able to bring back all that is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptBy {
    /// Copied files: everything that a server has.
    #[default]
    Files,
    /// A dump: nothing that `pg_dump` leaves out or makes anew in another way, such as an index
    /// that is not valid or a materialized view behind its query.
    Dump,
}

/// A file of one's own, or a drawn database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FixtureKind {
    /// A file for psql.
    Sql,
    /// An archive of pg_dump's.
    Dump,
    /// Drawn from the seed of the drill.
    Generated,
}

/// A file of one's own, or a drawn database.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum OwnDatabase {
    /// A file for psql.
    Sql(String),
    /// An archive of pg_dump's.
    Dump(String),
    /// Drawn from the seed of the drill.
    Generated(GeneratedForm),
}

impl Form for FixtureForm {
    const WANTED: &'static str =
        "the name of a fixture, `{ sql: path }`, `{ dump: path }` or `{ generated: {} }`";

    fn word(word: String) -> Self {
        FixtureForm::Word(word)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let kind = map.next_key()?.ok_or_else(|| {
            A::Error::custom(format!("found an empty map, wanted {}", Self::WANTED))
        })?;
        let form = match kind {
            FixtureKind::Sql => FixtureForm::Sql(map.next_value()?),
            FixtureKind::Dump => FixtureForm::Dump(map.next_value()?),
            FixtureKind::Generated => FixtureForm::Generated(map.next_value()?),
        };
        alone(&mut map)?;
        Ok(form)
    }
}
word_or!(FixtureForm, OwnDatabase);

/// A line of `checks:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckForm {
    /// The name of a check, or `standard`.
    Word(String),
    /// A query and its answer.
    Sql(SqlForm),
}

/// A query of the scenario's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlForm {
    /// The query: one statement that answers with one row and one column.
    pub query: Pinned<String>,
    /// What it must answer, as text.
    pub equals: Text,
    /// The database it is asked in; may be left out where the fixture has only one.
    pub database: Option<Pinned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CheckKind {
    Sql,
}

/// A check with parameters.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum ParameterCheck {
    /// A query and its answer.
    Sql(SqlForm),
}

impl Form for CheckForm {
    const WANTED: &'static str = "the name of a check or `{ sql: … }`";

    fn word(word: String) -> Self {
        CheckForm::Word(word)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (CheckKind::Sql, sql) = single(&mut map, Self::WANTED)?;
        Ok(CheckForm::Sql(sql))
    }
}
word_or!(CheckForm, ParameterCheck);

/// `controls:` a word or a list of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlsForm {
    /// `standard` or `none`.
    Word(String),
    /// The names of sabotages.
    List(Vec<Pinned<String>>),
}

impl Form for ControlsForm {
    const WANTED: &'static str = "`standard`, `none` or a list of controls";

    fn word(word: String) -> Self {
        ControlsForm::Word(word)
    }

    fn map<'de, A: MapAccess<'de>>(_map: A) -> Result<Self, A::Error> {
        Err(A::Error::custom(format!("found a map, wanted {}", Self::WANTED)))
    }

    fn list<'de, A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Deserialize::deserialize(SeqAccessDeserializer::new(list)).map(ControlsForm::List)
    }
}
word_or!(ControlsForm, Vec<String>);

/// `settings:` names and values, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(pub Vec<(Pinned<String>, Pinned<Text>)>);

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SettingsVisitor)
    }
}

struct SettingsVisitor;

impl<'de> Visitor<'de> for SettingsVisitor {
    type Value = Settings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
        let mut settings = vec![];
        while let Some(setting) = map.next_entry()? {
            settings.push(setting);
        }
        Ok(Settings(settings))
    }
}

impl JsonSchema for Settings {
    fn schema_name() -> Cow<'static, str> {
        "Settings".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<Text>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}

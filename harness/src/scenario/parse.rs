//! From text to a value, every part of it pinned to its place. The only file that names the YAML
//! crate.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, Options};
use serde_saphyr::{Error, Spanned};

use crate::scenario::diagnostic::quoted;
use crate::scenario::{Code, Diagnostic, Place, Source, did_you_mean};

/// How deeply lists and maps may lie in each other.
const DEPTH_MAX: usize = 64;
/// How many parts a file may have, aliases unfolded; also what bounds the time of reading it.
const NODES_MAX: usize = 20_000;
/// How many anchors and aliases a file may have.
const ALIASES_MAX: usize = 100;

/// A value, and the place in the file where it stands. A list or a map has a place of no length:
/// see [`Source::extent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub at: Place,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pinned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        let span = spanned.referenced.span();
        let start = span.byte_offset().unwrap_or(0);
        let end = start.saturating_add(span.byte_len().unwrap_or(0));
        let bytes = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        Ok(Pinned { value: spanned.value, at: bytes(start)..bytes(end) })
    }
}

impl<T: JsonSchema> JsonSchema for Pinned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Reads a text as a `T`. Stops at the first mistake.
pub fn parse<T: DeserializeOwned>(source: &Arc<Source>) -> Result<T, Diagnostic> {
    if source.text.trim().is_empty() {
        let said = "the file is empty".to_owned();
        return Err(Diagnostic::new(Code::MissingKey, source, None, said));
    }
    serde_saphyr::from_str_with_options(&source.text, options())
        .map_err(|error| complain(source, &error))
}

fn options() -> Options {
    let budget = serde_saphyr::budget! {
        max_depth: DEPTH_MAX,
        flow_nesting_limit: DEPTH_MAX,
        max_events: 2 * NODES_MAX,
        max_nodes: NODES_MAX,
        max_aliases: ALIASES_MAX,
        max_anchors: ALIASES_MAX,
        max_recorded_anchor_events: NODES_MAX,
        max_documents: 1,
        max_merge_keys: 0,
    };
    let mut options = serde_saphyr::options! {
        budget: budget,
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        reject_tagged_field_names: true,
        with_snippet: false,
    };
    options.alias_limits.max_total_replayed_events = NODES_MAX;
    options.alias_limits.max_replay_stack_depth = DEPTH_MAX;
    options
}

fn complain(source: &Arc<Source>, error: &Error) -> Diagnostic {
    let mut error = error.without_snippet();
    while let Error::AliasError { error: inner, .. } = error {
        error = inner.without_snippet();
    }
    let at = place(source, error);
    let found = at.as_ref().map_or("", |at| source.at(at));
    let (code, said, hint) = words(error, found);
    Diagnostic::new(code, source, at, said).hint(hint)
}

/// Where a reader would look for the mistake; `None` where the file as a whole is meant.
fn place(source: &Source, error: &Error) -> Option<Place> {
    let at = error.location().filter(|location| location.line() > 0).map(|location| {
        let span = location.span();
        let start = span.byte_offset().and_then(|at| usize::try_from(at).ok());
        let start = start.unwrap_or_else(|| offset(source, location.line(), location.column()));
        match span.byte_len().and_then(|length| usize::try_from(length).ok()) {
            Some(length) if length > 1 => start..start + length,
            _ => source.extent(start),
        }
    })?;
    match error {
        // Something is missing from the whole file.
        Error::SerdeMissingField { location, .. } if location.column() == 1 => None,
        Error::Eof { .. } => None,
        // The scanner notices a tab only where the text before it ended.
        error if first_line(error).ends_with("a tab") => {
            let tab = source.text[at.start..].find('\t').map(|tab| at.start + tab);
            Some(tab.map_or(at, |tab| tab..tab + 1))
        }
        _ => Some(at),
    }
}

/// The byte of a line and a column.
fn offset(source: &Source, line: u64, column: u64) -> usize {
    let small = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = source.text.split_inclusive('\n').take(small(line)).map(str::len).sum();
    let rest = &source.text[start..];
    start + rest.chars().take(small(column)).map(char::len_utf8).sum::<usize>()
}

fn words(error: &Error, found: &str) -> Words {
    let said = |code: Code, said: String| (code, said, None);
    match error {
        Error::SerdeUnknownField { field, expected, .. } => (
            Code::UnknownKey,
            format!("nothing here is called {}", quoted(field)),
            one_of(field, expected),
        ),
        Error::SerdeUnknownVariant { variant, expected, .. } => (
            Code::UnknownKey,
            format!("there is no kind {}", quoted(variant)),
            one_of(variant, expected),
        ),
        Error::SerdeMissingField { field, .. } => {
            said(Code::MissingKey, format!("`{field}` is missing"))
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or(found);
            said(Code::DuplicateKey, format!("{} is given twice", quoted(key)))
        }
        Error::ExpectedMappingEndAfterEnumVariantValue { .. } => (
            Code::UnknownKey,
            format!("only one kind fits here, {} is a second one", quoted(found)),
            Some("each kind is a list item or a map of its own".to_owned()),
        ),
        other => {
            foreign(other).or_else(|| wrong_type(other, found)).unwrap_or_else(|| syntax(other))
        }
    }
}

type Words = (Code, String, Option<String>);

/// What is YAML, but not for us: too much of it, or of a kind that hides what is read.
fn foreign(error: &Error) -> Option<Words> {
    let said = |code: Code, said: String| (code, said, None);
    Some(match error {
        Error::MultipleDocuments { .. } => two_documents(),
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Documents { .. } => two_documents(),
            breach => said(Code::Limits, limit(breach)),
        },
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => {
            said(Code::Limits, format!("the aliases unfold to more than {NODES_MAX} parts"))
        }
        Error::MergeKeyNotAllowed { .. } => {
            said(Code::ForeignYaml, "merge keys (`<<`) are not taken".to_owned())
        }
        Error::UnsupportedTag { tag, .. } | Error::TaggedStructFieldName { tag, .. } => {
            said(Code::ForeignYaml, format!("the tag {} is not taken", quoted(tag)))
        }
        Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::TaggedEnumMismatch { .. }
        | Error::InvalidBinaryBase64 { .. }
        | Error::BinaryNotUtf8 { .. }
        | Error::RecursiveReferencesRequireWeakTypes { .. } => {
            said(Code::ForeignYaml, "tags and references to oneself are not taken".to_owned())
        }
        _ => return None,
    })
}

/// What is well-formed, and not what stands here.
fn wrong_type(error: &Error, found: &str) -> Option<Words> {
    let found = quoted(found);
    let said = match error {
        Error::InvalidBooleanStrict { .. } => {
            format!("found {found}, wanted `true` or `false`")
        }
        Error::NullIntoString { .. } => "found nothing, wanted a text".to_owned(),
        Error::Unexpected { expected, .. } => {
            let wanted = node(expected);
            format!("found {found}, wanted {wanted}")
        }
        Error::UnexpectedSequenceEnd { .. } | Error::UnexpectedMappingEnd { .. } => {
            format!("{found} has nothing after it")
        }
        Error::InvalidScalar { ty, .. } => {
            let wanted = if ty.starts_with('f') { "a number" } else { "a whole number" };
            format!("found {found}, wanted {wanted}")
        }
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            format!("found {found}, wanted {expected}")
        }
        // What a type of ours says about its own value.
        Error::Message { msg, .. } if ours(msg) => msg.clone(),
        _ => return None,
    };
    Some((Code::WrongType, said, None))
}

fn syntax(error: &Error) -> Words {
    let said = |code: Code, said: String| (code, said, None);
    match error {
        other if first_line(other).contains("limit exceeded") => {
            said(Code::Limits, format!("lists and maps lie more than {DEPTH_MAX} deep"))
        }
        Error::Eof { .. } => {
            said(Code::Syntax, "the file says nothing, or ends too early".to_owned())
        }
        other if first_line(other).contains("did not find expected") => (
            Code::Syntax,
            format!("this is not YAML: {}", first_line(other)),
            Some("is a bracket, a brace or a quote before it left open?".to_owned()),
        ),
        other => said(Code::Syntax, format!("this is not YAML: {}", first_line(other))),
    }
}

fn two_documents() -> Words {
    let hint = "one file is one scenario; `matrix:` turns one scenario into several drills";
    let said = "a second document begins here";
    (Code::TwoDocuments, said.to_owned(), Some(hint.to_owned()))
}

fn limit(breach: &BudgetBreach) -> String {
    match breach {
        BudgetBreach::Depth { .. } => format!("lists and maps lie more than {DEPTH_MAX} deep"),
        BudgetBreach::Aliases { .. } | BudgetBreach::Anchors { .. } => {
            format!("there are more than {ALIASES_MAX} anchors or aliases")
        }
        _ => format!("the file has more than {NODES_MAX} parts"),
    }
}

fn one_of(word: &str, expected: &[&'static str]) -> Option<String> {
    did_you_mean(word, expected.iter().copied())
}

fn node(expected: &str) -> &str {
    match expected {
        "mapping start" => "a map",
        "sequence start" => "a list",
        "string scalar" | "scalar" => "a text",
        other => other,
    }
}

/// Whether a message is that of a type of ours, rather than the scanner's own.
fn ours(message: &str) -> bool {
    ["`", "only one kind ", "there is no kind ", "found a list,", "found a map,", "found an empty "]
        .iter()
        .any(|start| message.starts_with(start))
}

fn first_line(error: &Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.rsplit_once(" at line ").map_or(line, |(said, _)| said).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: String) -> Code {
        let source = Arc::new(Source { name: "x".to_owned(), text });
        parse::<serde_json::Value>(&source).unwrap_err().code
    }

    #[test]
    fn what_grows_without_bound_is_stopped_whatever_type_is_wanted() {
        assert_eq!(refused("[".repeat(100_000)), Code::Limits);
        let block: String = (0..200).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        assert_eq!(refused(block), Code::Limits);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let below = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [&*below; 9].join(", ")));
        }
        assert_eq!(refused(bomb), Code::Limits);
        let keys: String = (0..60_000).map(|key| format!("k{key}: 1\n")).collect();
        assert_eq!(refused(keys), Code::Limits);
    }

    #[test]
    fn a_place_is_the_place_of_the_value_and_counts_letters_not_bytes() {
        let text = "é: \"日本\"\nb: [x]\n".to_owned();
        let source = Arc::new(Source { name: "x".to_owned(), text });
        let read: std::collections::BTreeMap<String, Pinned<serde_json::Value>> =
            parse(&source).unwrap();
        assert_eq!(source.at(&read["é"].at), "\"日本\"");
        assert_eq!(source.line_column(read["é"].at.start), (1, 4));
        assert_eq!(source.at(&source.extent(read["b"].at.start)), "[x]");
    }
}

//! results.json: the run itself, for programs. Other reports can be made again from it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter};

use crate::report::Run;

/// Bytes of one text, at most: what is longer is cut, and says how much.
const TEXT_MAX: usize = 16 << 10;

/// The run as JSON, its fields in the order of [`Run`].
pub fn json(run: &Run) -> String {
    let mut bytes = vec![];
    let pretty = Bounded { pretty: PrettyFormatter::new(), kept: 0, left_out: 0 };
    run.serialize(&mut Serializer::with_formatter(&mut bytes, pretty))
        .expect("a run is made of texts, numbers and maps whose keys are texts");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("made of texts only")
}

/// Pretty, with every text bounded. A text comes in pieces, between characters to be escaped.
struct Bounded {
    pretty: PrettyFormatter<'static>,
    kept: usize,
    left_out: usize,
}

impl Formatter for Bounded {
    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        (self.kept, self.left_out) = (0, 0);
        self.pretty.begin_string(writer)
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Once something is left out, all that follows is: no text is joined over a gap.
        let room = if self.left_out > 0 { 0 } else { TEXT_MAX - self.kept };
        let (kept, rest) = fragment.split_at(fragment.floor_char_boundary(room));
        self.kept += kept.len();
        self.left_out += rest.len();
        self.pretty.write_string_fragment(writer, kept)
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        if self.left_out > 0 || self.kept == TEXT_MAX {
            self.left_out += 1;
            return Ok(());
        }
        self.kept += 1;
        self.pretty.write_char_escape(writer, escape)
    }

    fn end_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.left_out > 0 {
            write!(writer, " … {} bytes left out", self.left_out)?;
        }
        self.pretty.end_string(writer)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.pretty.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.pretty.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(writer)
    }
}

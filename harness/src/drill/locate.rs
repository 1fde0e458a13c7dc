//! To be written.

/// What was harmed, as WAL names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Harm {
    /// A relation's files, as in a commit record's list of dropped relations:
    /// (tablespace, database, relfilenode).
    Relation {
        /// The OID of the tablespace.
        tablespace: u32,
        /// The OID of the database.
        database: u32,
        /// The file number.
        filenode: u32,
    },
}

//! The macro behind the catalogues whose kinds carry parameters: disasters and engines.
//!
//! One line a kind gives the variant whose name is its YAML key, the dispatch, and what messages
//! and `pgrehearse explain` know of it. The `mod` lines stand outside, where `cargo fmt` and
//! mutation testing see them.

/// Declares `Spec`, its dispatch to a trait object, and `KINDS`.
macro_rules! catalogue {
    (
        $(#[$about:meta])*
        $behaviour:ident as $method:ident;
        $($(#[$doc:meta])* $name:literal $variant:ident($spec:ty);)*
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum Spec { $($(#[$doc])* #[serde(rename = $name)] $variant($spec),)* }

        impl Spec {
            /// The name, as in a scenario.
            pub fn name(&self) -> &'static str {
                match self { $(Spec::$variant(_) => $name,)* }
            }

            /// Its behaviour.
            pub fn $method(&self) -> &dyn $behaviour {
                match self { $(Spec::$variant(spec) => spec,)* }
            }
        }

        /// Every kind: its name, what it is, and an example.
        pub const KINDS: &[(&str, &str, &str)] =
            &[$(($name, <$spec>::SUMMARY, <$spec>::EXAMPLE),)*];
    };
}

pub(crate) use catalogue;

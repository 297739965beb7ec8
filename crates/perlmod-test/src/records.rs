//! Structs in sequences, which perl gets as hashes of one shape.

#[perlmod::package(name = "PerlmodTest::Records", lib = "perlmod_test")]
mod export {
    use serde::{Serialize, Serializer};

    use crate::counted::Counted;

    #[derive(Serialize)]
    struct Row {
        name: String,
        #[serde(rename = "größe", skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        last: bool,
    }

    fn row(name: &str, size: Option<u64>) -> Row {
        Row {
            name: name.to_string(),
            size,
            last: size.is_none(),
        }
    }

    #[export]
    fn alike(count: u64) -> Vec<Row> {
        (0..count).map(|n| row(&n.to_string(), Some(n))).collect()
    }

    #[derive(Serialize)]
    struct Named {
        #[serde(rename = "日本")]
        far: u64,
        a: char,
    }

    #[export]
    fn named(count: u64) -> Vec<Named> {
        (0..count).map(|far| Named { far, a: 'ü' }).collect()
    }

    /// Fields that come and go.
    #[export]
    fn changing(sizes: Vec<Option<u64>>) -> Vec<Row> {
        sizes.into_iter().map(|size| row("row", size)).collect()
    }

    /// Different kinds of elements, some of which are no structs.
    #[export]
    fn mixed() -> Vec<Mixed> {
        let inner = || (1..6).map(|n| row("inner", Some(n))).collect();
        vec![
            Mixed::Row(row("a", Some(1))),
            Mixed::Nested { rows: inner() },
            Mixed::Row(row("b", Some(2))),
            Mixed::Text("text".to_string()),
            Mixed::Nested { rows: inner() },
            Mixed::Row(row("c", None)),
            Mixed::Nothing,
            Mixed::Row(row("d", Some(3))),
            Mixed::Nested { rows: inner() },
            Mixed::Row(row("e", Some(4))),
        ]
    }

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Mixed {
        Row(Row),
        Nested { rows: Vec<Row> },
        Text(String),
        Nothing,
    }

    /// More fields than a shape has.
    #[derive(Clone, Serialize)]
    struct Wide {
        a: u8,
        b: u8,
        c: u8,
        d: u8,
        e: u8,
        f: u8,
        g: u8,
        h: u8,
        i: u8,
    }

    #[export]
    fn wide() -> Vec<Wide> {
        let row = Wide {
            a: 1,
            b: 2,
            c: 3,
            d: 4,
            e: 5,
            f: 6,
            g: 7,
            h: 8,
            i: 9,
        };
        vec![row; 6]
    }

    /// Serde takes fields as they are given: also none, and one twice.
    struct Given(&'static [&'static str]);

    impl Serialize for Given {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            let mut fields = serializer.serialize_struct("Given", self.0.len())?;
            for (n, name) in self.0.iter().enumerate() {
                fields.serialize_field(name, &n)?;
            }
            fields.end()
        }
    }

    #[export]
    fn given() -> Vec<Given> {
        let names: [&[&str]; 4] = [&[], &["a", "b", "a"], &["b", "a"], &["a", "b"]];
        names
            .into_iter()
            .flat_map(|names| [names; 5].map(Given))
            .collect()
    }

    /// Fails in the second field of the row with this number.
    #[derive(Serialize)]
    struct Failing {
        before: Counted,
        inside: Fails,
        after: Counted,
    }

    struct Fails(Option<bool>);

    impl Serialize for Fails {
        #[allow(clippy::panic)]
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                None => serializer.serialize_none(),
                Some(false) => Err(serde::ser::Error::custom("it failed")),
                Some(true) => panic!("it panicked"),
            }
        }
    }

    /// Leaves out what cannot be converted.
    struct Lenient(Vec<Failing>);

    impl Serialize for Lenient {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut rows = serializer.serialize_seq(Some(self.0.len()))?;
            for row in &self.0 {
                let _ = rows.serialize_element(row);
            }
            rows.end()
        }
    }

    #[export]
    fn lenient(count: usize, at: usize) -> Lenient {
        Lenient(failing(count, at, false))
    }

    #[export]
    fn failing(count: usize, at: usize, panics: bool) -> Vec<Failing> {
        (0..count)
            .map(|n| Failing {
                before: Counted::new(&n.to_string()),
                inside: Fails((n == at).then_some(panics)),
                after: Counted::new(&n.to_string()),
            })
            .collect()
    }
}

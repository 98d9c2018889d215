//! What holds for any settings and any input.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn argument() -> impl Strategy<Value = String> {
    let flag = (0..TABLE.len()).prop_map(|index| format!("--{}", TABLE[index].flag));
    let value = prop_oneof![
        any::<String>(),
        "[0-9]{0,25}(ns|us|ms|s|m|h|B|KiB|GiB| )?",
        Just("none".to_owned()),
        Just("yes".to_owned()),
        "[%{}a-zT\"]{0,8}",
    ];
    prop_oneof![
        flag.clone(),
        value.clone(),
        (flag, value).prop_map(|(flag, value)| format!("{flag}={value}")),
        any::<String>().prop_map(|text| format!("--{text}")),
    ]
}

proptest! {
    #[test]
    fn no_argument_makes_it_panic(args in vec(argument(), 0..6)) {
        let _read = Settings::from_args(args.clone());
        let variables = args.iter().zip(TABLE).map(|(value, row)| (row.variable, value));
        let _read = Settings::from_variables(variables);
    }
}

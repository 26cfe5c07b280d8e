//! Bench targets whose own files differ: one side's benchmark is compared with itself on both sides' code, as two different
//! ones would say nothing of the code.

use std::collections::BTreeSet;

use super::FlowError;
use super::open::Across;
use super::suites::{Sided, Target, identity, program};
use super::tried::Stand;
use crate::harness::{Found, Harness, NotFound};
use crate::model::Verdict;

impl Target<'_> {
    /// Compares with head's benchmark on base's code. `own` is base's own executable. Those with a new name base has, too.
    pub(super) fn compare_tried(
        &mut self,
        head: &Found,
        own: Option<Sided<'_>>,
        (stand, turned): (Stand<'_>, Option<Sided<'_>>),
        equal_is_unchanged: bool,
    ) -> Result<(), FlowError> {
        let asked = own.map(|(other, side)| self.looking.ask(&program(other, side))).transpose()?.and_then(Result::ok);
        let own = own.zip(asked);
        let mut names: BTreeSet<String> = own.iter().flat_map(|(_, found)| found.names.iter().cloned()).collect();
        names.extend(self.renamed_among(&head.names).into_keys());
        if let Some((_, found)) = &own {
            self.settle_removed(found, head);
        }
        let why = match stand {
            Stand::Nothing(why) => why.to_owned(),
            Stand::Executable(other, side) => {
                let equal = equal_is_unchanged && identity(self.executable)? == identity(other)?;
                return self.compare_on_base(head, (other, side), equal, names);
            }
            Stand::Head => return self.compare_on_base(head, (self.executable, self.head), true, names),
        };
        if let Some((turned, own)) = turned.zip(own) {
            return self.compare_on_head(head, turned, own, &names, &why);
        }
        self.settle_untried(&head.names, head.harness, &names, &why);
        Ok(())
    }

    /// Compares base's benchmark with itself on head's code, which is `turned`: as far as head has it, too.
    fn compare_on_head(
        &mut self,
        head: &Found,
        turned: Sided<'_>,
        (own, found_own): (Sided<'_>, Found),
        base_has: &BTreeSet<String>,
        why: &str,
    ) -> Result<(), FlowError> {
        let mut found = match self.looking.ask(&program(turned.0, turned.1))? {
            Ok(found) if found.harness.common(found_own.harness).is_some() => found,
            _ => {
                self.settle_untried(&head.names, head.harness, base_has, why);
                return Ok(());
            }
        };
        let [on_head, on_base] = [&found, &found_own].map(|found| found.names.iter().collect::<BTreeSet<_>>());
        let on_both = |name: &String| on_head.contains(name) && on_base.contains(name);
        let (both, others): (Vec<String>, Vec<String>) = head.names.iter().cloned().partition(on_both);
        self.settle_untried(&others, head.harness, base_has, why);
        found.names = both;
        let (looking, what) = (self.looking, self.what);
        let mut target =
            Target { executable: turned.0, head: turned.1, what, looking, suites: self.suites, twice: BTreeSet::new() };
        if looking.equal_is_unchanged && identity(turned.0)? == identity(own.0)? {
            let across = Across::OnHead.as_str();
            target.settle_same(&found, &format!("{across}: base and head have the same code and data"));
            return Ok(());
        }
        target.open_common(&found, &found_own, own, Some(Across::OnHead), |name| untried(base_has.contains(name), why))
    }

    /// Compares with `other`, which is head's benchmark on base's code; `base_has` is what base itself has. Executables that
    /// are `equal` need no measuring where they run: base has never run this benchmark.
    fn compare_on_base(
        &mut self,
        head: &Found,
        other: Sided<'_>,
        equal: bool,
        base_has: BTreeSet<String>,
    ) -> Result<(), FlowError> {
        let program = program(other.0, other.1);
        if equal && head.harness.runs_once(&program, self.looking.home, self.looking.time_out)? {
            let across = Across::OnBase { base_has }.as_str();
            self.settle_same(head, &format!("{across}: base and head have the same code and data"));
            return Ok(());
        }
        let why = match self.looking.ask(&program)? {
            Ok(base) if base.harness.common(head.harness).is_some() => {
                let has = base_has.clone();
                return self.open_common(head, &base, other, Some(Across::OnBase { base_has }), |name| {
                    untried(has.contains(name), "does not have it on base's code")
                });
            }
            Ok(_) | Err(NotFound::OtherHarness) => {
                format!("holds no {} benchmark on base's code", head.harness.name())
            }
            Err(NotFound::Broken(detail)) => format!("does not run on base's code: {detail}"),
        };
        self.settle_untried(&head.names, head.harness, &base_has, &why);
        Ok(())
    }

    fn settle_untried(&mut self, names: &[String], harness: Harness, base_has: &BTreeSet<String>, why: &str) {
        for name in names {
            let (verdict, reason) = untried(base_has.contains(name), why);
            self.settle(name, harness, verdict, None, &reason);
        }
    }
}

/// What head's benchmark is that cannot be tried on base's code, by whether base has it, and why.
pub(super) fn untried(base_has: bool, why: &str) -> (Verdict, String) {
    if base_has {
        (Verdict::BenchChanged, format!("the benchmark itself differs, and head's {why}"))
    } else {
        (Verdict::Added, format!("base has no such benchmark, and head's {why}"))
    }
}

//! Structs, classes and unions: which there are, and what they are made of.

use clang::{Entity, EntityKind, Type, TypeKind};

/// A type that a header has.
pub(super) struct Record<'tu> {
    pub(super) name: String,
    pub(super) ty: Type<'tu>,
    /// Whether it is in the header itself, not in one that it includes.
    pub(super) own: bool,
}

/// What the header names: its records, and other names of them.
#[derive(Default)]
pub(super) struct Records<'tu> {
    pub(super) all: Vec<Record<'tu>>,
    pub(super) aliases: Vec<(String, Type<'tu>)>,
}

impl<'tu> Records<'tu> {
    /// Returns those of a translation unit, without the headers of the system.
    pub(super) fn of(unit: Entity<'tu>) -> Self {
        let mut found = Self::default();
        found.visit(unit, "");
        found
    }

    fn visit(&mut self, parent: Entity<'tu>, prefix: &str) {
        for entity in parent.get_children() {
            if entity.is_in_system_header() {
                continue;
            }
            let name = entity.get_name().unwrap_or_default();
            match entity.get_kind() {
                EntityKind::Namespace => self.visit(entity, &format!("{prefix}{name}::")),
                EntityKind::LinkageSpec | EntityKind::UnexposedDecl => self.visit(entity, prefix),
                EntityKind::StructDecl | EntityKind::ClassDecl | EntityKind::UnionDecl => {
                    self.add(entity);
                    self.visit(entity, &format!("{prefix}{name}::"));
                }
                EntityKind::TypedefDecl | EntityKind::TypeAliasDecl => {
                    let ty = entity.get_typedef_underlying_type();
                    self.alias(format!("{prefix}{name}"), ty);
                }
                // A struct that has no name, but of which there is one.
                EntityKind::VarDecl => {
                    let ty = entity.get_type().map(|ty| ty.get_canonical_type());
                    let ty = ty.filter(|ty| is_anonymous(&type_name(ty)));
                    self.alias(format!("{prefix}{name}"), ty);
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, entity: Entity<'tu>) {
        let Some(ty) = entity.get_type().filter(|_| entity.is_definition()) else { return };
        let ty = ty.get_canonical_type();
        let name = type_name(&ty);
        if !is_anonymous(&name) && !self.all.iter().any(|other| other.name == name) {
            self.all.push(Record { name, ty, own: entity.is_in_main_file() });
        }
    }

    fn alias(&mut self, name: String, ty: Option<Type<'tu>>) {
        let ty = ty.map(|ty| ty.get_canonical_type());
        if let Some(ty) = ty.filter(|ty| ty.get_kind() == TypeKind::Record) {
            self.aliases.push((name, ty));
        }
    }
}

/// Returns the name of a type, without what C writes before it.
pub(super) fn type_name(ty: &Type<'_>) -> String {
    let mut name = ty.get_display_name();
    for word in ["const ", "volatile ", "struct ", "union ", "class ", "enum "] {
        if let Some(rest) = name.strip_prefix(word) {
            name = rest.to_owned();
        }
    }
    name.replace("(anonymous namespace)::", "")
}

/// Returns whether this name is what libclang writes where there is none.
pub(super) fn is_anonymous(name: &str) -> bool {
    name.is_empty() || name.contains("(anonymous") || name.contains("(unnamed")
}

/// Returns the bases that a record is declared with.
pub(super) fn bases<'tu>(declaration: &Entity<'tu>) -> Vec<Entity<'tu>> {
    let children = pattern(declaration).get_children();
    children.into_iter().filter(|one| one.get_kind() == EntityKind::BaseSpecifier).collect()
}

/// Returns whether a record begins with a pointer to a table of functions, which no base of it has.
pub(super) fn has_own_table(declaration: &Entity<'_>) -> bool {
    has_virtual(declaration) && !bases(declaration).iter().any(is_with_table)
}

fn is_with_table(base: &Entity<'_>) -> bool {
    let declared = base.get_type().and_then(|ty| ty.get_canonical_type().get_declaration());
    declared.is_some_and(|base| has_table(&base))
}

fn has_table(declaration: &Entity<'_>) -> bool {
    has_virtual(declaration) || bases(declaration).iter().any(is_with_table)
}

fn has_virtual(declaration: &Entity<'_>) -> bool {
    let is_function =
        |kind: EntityKind| matches!(kind, EntityKind::Method | EntityKind::Destructor);
    let children = pattern(declaration).get_children();
    children.iter().any(|one| is_function(one.get_kind()) && one.is_virtual_method())
}

/// Returns where the parts of a record are written: for one of a template, that is the template.
fn pattern<'tu>(declaration: &Entity<'tu>) -> Entity<'tu> {
    let has_parts = !declaration.get_children().is_empty();
    let template = declaration.get_template().filter(|_| !has_parts);
    template.unwrap_or(*declaration)
}

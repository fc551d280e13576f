"""What leaves the studio: examples and frozen datasets as files that trainers, spreadsheets and the studio read."""

from studio.exports.formats import FORMATS, Contents, Exported, Format, contents, export, notes, of_name, of_split, part

__all__ = ["FORMATS", "Contents", "Exported", "Format", "contents", "export", "notes", "of_name", "of_split", "part"]

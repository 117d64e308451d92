"""The errors of this package. The native module raises these classes."""


class MithrilError(Exception):
    """The root of all errors of this package."""


class CorruptionError(MithrilError):
    """The bytes are damaged: fetch them again, or restore from another copy."""


class CompatibilityError(MithrilError):
    """The bytes are sound but newer than this version of Mithril."""


class InputError(MithrilError, ValueError):
    """The call is wrong: a missing or a wrong base, an option out of range."""


class StorageError(MithrilError, OSError):
    """A file cannot be read or written."""


class CancelledError(MithrilError):
    """The progress callback asked to stop."""


class InternalError(MithrilError):
    """A bug in Mithril: please report it."""

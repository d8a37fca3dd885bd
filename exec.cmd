@rem The npm scripts begin with exec, so that signals sent to npm reach Node itself; cmd has no exec, and finds this instead.
@%*

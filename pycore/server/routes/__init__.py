"""What each endpoint does, one file per noun: read the arguments, ask the Api, render the answer."""

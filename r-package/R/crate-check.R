# What can be said about a crate before it is saved, without running it.

# Data above this size deserve a second look.
large_bytes <- 10e6

#' Check that a crate will work away from this session
#'
#' Stops at names that will not exist when the crate is loaded; warns of large data.
#'
#' @param columns Names that the code may use as columns of its input.
#' @noRd
check_crate <- function(crate, columns = character(), call = rlang::caller_env()) {
  check_names(crate, columns, call)
  check_size(crate)
}

check_names <- function(crate, columns, call) {
  missing <- crate_missing_names(crate, columns)
  if (length(missing$advice) == 0) return(invisible())
  abort(
    c(
      "The crate uses what will not exist where it is loaded.",
      stats::setNames(as_plain(missing$advice), rep("x", length(missing$advice)))
    ),
    "unfit_crate",
    functions = missing$functions,
    variables = missing$variables,
    call = call
  )
}

# What the functions of a crate use that will not exist, and what to do about each.
crate_missing_names <- function(crate, columns) {
  functions <- variables <- character()
  for (fn in crate_functions(crate)) {
    missing <- missing_names(fn)
    functions <- union(functions, missing$functions)
    variables <- union(variables, setdiff(missing$variables, columns))
  }
  advice <- c(
    vapply(functions, missing_function_advice, ""),
    vapply(variables, missing_variable_advice, "")
  )
  list(functions = functions, variables = variables, advice = unname(advice))
}

missing_function_advice <- function(name) {
  package <- package_of(name)
  if (is.null(package)) {
    paste0("`", name, "()` is in no package that is loaded here: pass it as `", name, " = ", name, "`.")
  } else {
    paste0("`", name, "()` is not part of base R: write `", package, "::", name, "()`.")
  }
}

missing_variable_advice <- function(name) {
  paste0(
    "`", name, "` is not in the crate: pass it as `", name, " = ", name, "`, or, if it is a column, ",
    "give an `input_example` that has it."
  )
}

# The functions that a crate is made of: its own, and those among its objects that are not a package's.
crate_functions <- function(crate) {
  objects <- as.list(environment(crate), all.names = TRUE)
  nested <- lapply(Filter(is.list, objects), function(x) Filter(is.function, unclass(x)))
  helpers <- c(Filter(is.function, objects), unlist(nested))
  own <- function(fn) !is.primitive(fn) && !isNamespace(topenv(environment(fn)))
  c(list(crate), unname(Filter(own, helpers)))
}

#' Names a function uses that will not exist when it is loaded
#'
#' @returns A list of `functions` and `variables`.
#' @noRd
missing_names <- function(fn) {
  env <- environment(fn)
  plain <- unclass(fn)
  body(plain) <- drop_masked(body(plain))
  used <- codetools::findGlobals(plain, merge = FALSE)
  list(
    functions = Filter(function(name) !exists_when_loaded(name, env, "function"), used$functions),
    variables = Filter(function(name) !exists_when_loaded(name, env, "any"), used$variables)
  )
}

# Calls of base R whose further arguments are looked up in data.
masking_functions <- c("with", "within", "subset", "transform")

# Leave out the arguments that are looked up in data, and what is only quoted.
drop_masked <- function(code) {
  if (!is.call(code)) return(code)
  head <- code[[1]]
  if (is.call(head) && length(head) == 3) head <- head[[3]]
  if (is.name(head) && as.character(head) %in% masking_functions && length(code) > 2) {
    code <- code[1:2]
  }
  for (i in seq_along(code)) {
    if (is.call(code[[i]])) code[[i]] <- drop_masked(code[[i]])
  }
  code
}

# Whether a name is found from an environment in a fresh R session: what the environment holds comes
# along, the global environment is empty there, and only R's default packages are attached.
exists_when_loaded <- function(name, env, mode) {
  while (!identical(env, emptyenv())) {
    if (identical(env, globalenv())) return(any_default(name, mode))
    if (isNamespace(env)) return(exists(name, envir = env, mode = mode))
    if (exists(name, envir = env, mode = mode, inherits = FALSE)) return(TRUE)
    env <- parent.env(env)
  }
  FALSE
}

default_packages <- c("stats", "graphics", "grDevices", "utils", "datasets", "methods", "base")

any_default <- function(name, mode) {
  for (package in default_packages) {
    if (exists(name, envir = as.environment(paste0("package:", package)), mode = mode,
               inherits = FALSE)) {
      return(TRUE)
    }
  }
  FALSE
}

# The package that exports a function: R's own first, then those attached, then those loaded.
package_of <- function(name) {
  attached <- sub("^package:", "", grep("^package:", search(), value = TRUE))
  for (package in unique(c(default_packages, attached, loadedNamespaces()))) {
    found <- isNamespaceLoaded(package) && name %in% getNamespaceExports(package)
    if (found) return(package)
  }
  NULL
}

check_size <- function(crate) {
  total <- serialized_bytes(crate)
  if (total <= large_bytes) return(invisible())
  sizes <- captured_sizes(crate)
  shown <- sizes[seq_len(min(3, length(sizes)))]
  bullets <- vapply(names(shown), function(name) {
    paste0("`", name, "`: ", format_bytes(shown[[name]]), held_by(get(name, environment(crate))))
  }, "")
  warn(
    c(
      "The crate is large: {format_bytes(total)}. Every process that serves it loads all of it.",
      stats::setNames(as_plain(bullets), rep("*", length(bullets)))
    ),
    "large_crate",
    sizes = sizes
  )
}

# A model fitted inside a function drags that function's variables along, in its formula.
held_by <- function(object) {
  env <- if (is.function(object)) {
    environment(object)
  } else if (is.list(object) && inherits(object$terms, "terms")) {
    attr(object$terms, ".Environment")
  }
  if (!is.environment(env) || identical(env, globalenv()) || isNamespace(env)) return("")
  # Without the environments that these hold in turn, which may be this one.
  sizes <- vapply(as.list(env, all.names = TRUE), function(x) as.numeric(utils::object.size(x)), 0)
  if (length(sizes) == 0 || max(sizes) < large_bytes) return("")
  name <- names(which.max(sizes))
  paste0(
    ", of it `", name, "` (", format_bytes(max(sizes)),
    "), a variable of the function it was made in"
  )
}

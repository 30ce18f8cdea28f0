# What is simplest said in R: calls that answer "value or condition", results brought to the few shapes
# that `rbridge/convert.py` reads, and the loading of crates. Base R only: this is evaluated below the
# base environment, where nothing that a model or a package does can change it.

# --- Calls -------------------------------------------------------------------------------------------

# Answers list(value, warnings, message, classes); the last two are NULL unless an error was raised.
guarded <- function(code) {
  warnings <- character()
  failure <- NULL
  value <- tryCatch(
    withCallingHandlers(code, warning = function(condition) {
      warnings <<- c(warnings, conditionMessage(condition))
      invokeRestart("muffleWarning")
    }),
    error = function(condition) {
      failure <<- condition
      NULL
    }
  )
  if (is.null(failure)) {
    return(list(value, enc2utf8(warnings), NULL, NULL))
  }
  message <- paste(conditionMessage(failure), collapse = "\n")
  list(NULL, enc2utf8(warnings), enc2utf8(message), enc2utf8(class(failure)))
}

# Calls the model by name and with arguments by name: an error's call must not hold the data.
score <- function(model, data, params, n_rows) {
  if (length(params) == 0L) {
    return(carry(model(data), n_rows))
  }
  arguments <- lapply(names(params), function(name) call("[[", quote(params), name))
  names(arguments) <- names(params)
  carry(eval(as.call(c(list(quote(model), quote(data)), arguments))), n_rows)
}

# --- Results -----------------------------------------------------------------------------------------
#
# A result becomes list(shape, ...):
#
#   column, kind, data, levels or zone    table, names, columns, n_rows    array, kind, data, dim
#   scalar, kind, data, levels or zone    object, names, results           list, results
#   raw, bytes                            null

carry <- function(x, n_rows) {
  if (inherits(x, "ranger.prediction")) {
    return(carry(x$predictions, n_rows))
  }
  if (isS4(x)) {
    x <- tryCatch(as.matrix(x), error = function(condition) unfit(x))
  }
  if (is.null(x) || (is.list(x) && length(x) == 0L && !is.data.frame(x))) {
    return(list("column", "double", double(), NULL))
  }
  if (is.raw(x)) {
    return(list("raw", as.vector(x)))
  }
  if (is.data.frame(x)) {
    return(carry_parts(x, nrow(x)))
  }
  if (is_vector(x)) {
    return(carry_dims(x, n_rows))
  }
  if (is.list(x)) {
    return(carry_list(x, n_rows))
  }
  unfit(x)
}

unfit <- function(x) {
  classes <- paste(class(x), collapse = ", ")
  message <- paste0(
    "the model returned an object of class ", classes, ", which cannot be sent as data; ",
    "let the crate return a vector, factor, matrix, data frame or list"
  )
  stop(structure(class = c("crateflow_unfit", "error", "condition"), list(message = message, call = NULL)))
}

is_vector <- function(x) {
  (is.atomic(x) && !is.null(x)) || inherits(x, "POSIXlt")
}

carry_dims <- function(x, n_rows) {
  size <- dim(x)
  if (length(size) < 2L) {
    # For many rows this is a matrix, of which R has dropped a dimension: callers get one shape always.
    if (n_rows == 1L && length(x) > 1L && !is.null(names(x)) && !is.object(x)) {
      return(carry_dims(matrix(x, 1L, dimnames = list(NULL, names(x))), n_rows))
    }
    return(c("column", carry_vector(x)))
  }
  x <- if (is.factor(x)) array(as.character(x), size, dimnames(x)) else unclass(x)
  while (length(size) > 2L && size[length(size)] == 1L) {
    names <- dimnames(x)[-length(size)]
    size <- size[-length(size)]
    x <- array(x, size, names)
  }
  if (length(size) > 2L) {
    return(carry_array(x))
  }
  if (ncol(x) == 1L) {
    return(c("column", carry_vector(as.vector(x))))
  }
  if (!is.null(colnames(x))) {
    columns <- lapply(seq_len(ncol(x)), function(at) carry_vector(as.vector(x[, at])))
    return(list("table", part_names(colnames(x)), columns, nrow(x)))
  }
  # An array has neither texts nor missing truths and integers; lists have.
  if (is.double(x) || ((is.integer(x) || is.logical(x)) && !anyNA(x))) {
    return(carry_array(x))
  }
  list("list", lapply(seq_len(nrow(x)), function(at) c("column", carry_vector(as.vector(x[at, ])))))
}

carry_array <- function(x) {
  if (!is.numeric(x) && !is.logical(x)) {
    unfit(x)
  }
  data <- as.vector(x)
  if (anyNA(data)) {
    data <- as.double(data)
  }
  list("array", typeof(data), data, dim(x))
}

carry_vector <- function(x) {
  if (is.factor(x)) {
    kept <- levels(x)[!is.na(levels(x))]
    if (length(kept) < nlevels(x)) {
      x <- factor(x, levels = kept)
    }
    return(list(if (is.ordered(x)) "ordered" else "factor", as.integer(x), enc2utf8(kept)))
  }
  if (inherits(x, "Date")) {
    return(list("date", as.double(unclass(x)), NULL))
  }
  if (inherits(x, c("POSIXct", "POSIXlt"))) {
    x <- as.POSIXct(x)
    zone <- attr(x, "tzone")
    return(list("datetime", as.double(unclass(x)), if (is.null(zone)) "" else zone[[1L]]))
  }
  if (inherits(x, "difftime")) {
    return(list("double", as.double(x, units = "secs"), NULL))
  }
  if (inherits(x, "integer64")) {
    return(list("long", as.vector(unclass(x)), NULL))
  }
  x <- as.vector(unclass(x))
  if (is.complex(x)) {
    x <- ifelse(is.na(x), NA_character_, sprintf("%.15g%+.15gi", Re(x), Im(x)))
  }
  if (is.character(x)) {
    texts <- unique(x[!is.na(x)])
    return(list("text", match(x, texts), enc2utf8(texts)))
  }
  list(typeof(x), x, NULL)
}

# Columns side by side: of a data frame, or the parts of a list that have a value for each row.
carry_parts <- function(parts, n_rows) {
  if (any(vapply(parts, function(part) is.list(part) && !is.data.frame(part) && !is_vector(part), NA))) {
    return(carry_records(parts, n_rows))
  }
  columns <- list()
  for (at in seq_along(parts)) {
    part <- if (is.raw(parts[[at]])) as.character(parts[[at]]) else parts[[at]]
    name <- names(parts)[[at]]
    inner <- if (is.data.frame(part)) carry_parts(part, n_rows) else carry_dims(part, -1L)
    if (identical(inner[[1L]], "column")) {
      columns[[length(columns) + 1L]] <- list(name, inner[-1L])
    } else if (identical(inner[[1L]], "table")) {
      for (column in seq_along(inner[[2L]])) {
        label <- paste(name, inner[[2L]][[column]], sep = ".")
        columns[[length(columns) + 1L]] <- list(label, inner[[3L]][[column]])
      }
    } else if (is.matrix(part)) {
      for (column in seq_len(ncol(part))) {
        values <- carry_vector(as.vector(part[, column]))
        columns[[length(columns) + 1L]] <- list(paste(name, column, sep = "."), values)
      }
    } else {
      unfit(part)
    }
  }
  names <- part_names(vapply(columns, function(column) column[[1L]], ""))
  list("table", names, lapply(columns, function(column) column[[2L]]), n_rows)
}

# A data frame with lists in its cells.
carry_records <- function(parts, n_rows) {
  names <- part_names(names(parts))
  cell <- function(part, row) {
    if (is.list(part) && !is_vector(part)) carry_nested(part[[row]]) else c("scalar", carry_vector(part[row]))
  }
  records <- lapply(seq_len(n_rows), function(row) {
    list("object", names, lapply(parts, cell, row))
  })
  list("list", records)
}

carry_list <- function(x, n_rows) {
  if (!is.null(names(x)) && all(nzchar(names(x)))) {
    if (n_rows >= 0L && all(vapply(x, rows_of, 0L) == n_rows)) {
      return(carry_parts(x, n_rows))
    }
    return(list("object", part_names(names(x)), lapply(unname(x), carry_nested)))
  }
  if (all(vapply(x, is_scalar, NA)) && length(unique(lapply(x, class))) == 1L) {
    return(c("column", carry_vector(do.call(c, x))))
  }
  if (is_records(x)) {
    columns <- lapply(names(x[[1L]]), function(name) do.call(c, lapply(x, `[[`, name)))
    names(columns) <- names(x[[1L]])
    return(carry_parts(columns, length(x)))
  }
  list("list", lapply(x, carry_nested))
}

carry_nested <- function(x) {
  if (is.null(x)) list("null") else carry(x, -1L)
}

# Number of rows of a part of a result; -1 for what has none.
rows_of <- function(x) {
  if (is.raw(x)) {
    return(-1L)
  }
  if (is.data.frame(x)) nrow(x) else if (is_vector(x)) NROW(x) else -1L
}

is_scalar <- function(x) {
  is_vector(x) && !is.raw(x) && length(x) == 1L && is.null(dim(x))
}

is_records <- function(x) {
  keys <- names(x[[1L]])
  !is.null(keys) && !anyDuplicated(keys) && all(vapply(x, function(record) {
    is.list(record) && identical(names(record), keys) && all(vapply(record, is_scalar, NA))
  }, NA))
}

part_names <- function(names) {
  nameless <- is.na(names) | !nzchar(names)
  names[nameless] <- paste0("V", seq_along(names))[nameless]
  make.unique(enc2utf8(names))
}

# --- Crates ------------------------------------------------------------------------------------------

# The official layout is a serialised crate in an RDS file of raw bytes; saveRDS(crate) is read as well.
read_crate <- function(path) {
  value <- readRDS(path)
  if (is.raw(value)) {
    value <- unserialize(value)
  }
  if (!is.function(value)) {
    stop("it holds an object of class ", paste(class(value), collapse = ", "), ", not a function")
  }
  value
}

argument_names <- function(crate) {
  names(formals(args(crate)))
}

installed_versions <- function(packages) {
  vapply(packages, function(package) {
    if (!nzchar(system.file(package = package))) {
      return("")
    }
    as.character(utils::packageVersion(package))
  }, "")
}

library_paths <- function() {
  .libPaths()
}

load_packages <- function(packages) {
  for (package in packages) {
    suppressPackageStartupMessages(loadNamespace(package))
  }
}

# Code that names no packages finds their functions on the search path, if the crate was made to look there.
attach_packages <- function(crate, packages) {
  home <- environment(crate)
  if (is.null(home) || !(identical(home, globalenv()) || identical(parent.env(home), globalenv()))) {
    return(invisible())
  }
  for (package in setdiff(packages, .packages())) {
    suppressPackageStartupMessages(attachNamespace(package))
  }
}

# --- The process -------------------------------------------------------------------------------------

collect_garbage <- function() {
  invisible(gc())
}

# What was made lately only, which takes a small part of the time.
collect_latest_garbage <- function() {
  invisible(gc(full = FALSE))
}

seed <- function(number) {
  set.seed(number)
}

# The file MLmodel: what is in a model's folder.

# The layout this package writes. A higher number means keys that it could not honour.
crateflow_format <- 1

# What every model says of itself.
new_spec <- function() {
  list(crateflow_format = crateflow_format, utc_time_created = utc_time(), model_uuid = new_uuid())
}

#' Read the MLmodel file of a folder
#' @returns A list.
#' @noRd
read_spec <- function(folder, call = rlang::caller_env()) {
  file <- file.path(folder, "MLmodel")
  if (!file.exists(file)) {
    abort("{.path {folder}} is not a model: it has no file MLmodel.", "invalid_model", call = call)
  }
  spec <- tryCatch(
    # Whole numbers as doubles: file sizes do not fit R's integers.
    yaml::yaml.load(read_utf8(file), eval.expr = FALSE, handlers = list(int = as.numeric)),
    error = function(cnd) {
      abort(c("{.path {file}} is not YAML.", x = "{conditionMessage(cnd)}"), "invalid_model",
        call = call
      )
    }
  )
  format <- if (is.list(spec)) spec$crateflow_format %||% crateflow_format
  if (is.numeric(format) && format > crateflow_format) {
    abort(
      c(
        "{.path {folder}} has format {format}; this version of crateflow reads up to {crateflow_format}.",
        i = "Update the package crateflow."
      ),
      "invalid_model",
      call = call
    )
  }
  if (!is.list(spec) || length(spec$flavors) == 0 || !rlang::is_named(spec$flavors)) {
    abort("{.path {file}} names no flavors.", "invalid_model", call = call)
  }
  spec
}

write_spec <- function(spec, folder) {
  spec <- compact(spec)
  write_utf8(to_yaml(spec[order(names(spec), method = "radix")]), file.path(folder, "MLmodel"))
}

#' Write YAML
#'
#' Texts that another reader may take for a number or a date are quoted, numbers keep their digits.
#' @noRd
to_yaml <- function(x) {
  verbatim <- function(text) structure(text, class = "verbatim")
  handlers <- list(
    character = function(x) {
      if (identical(is.na(x), TRUE)) return(verbatim("null"))
      if (any(grepl("^[-+.0-9]", x))) structure(x, quoted = TRUE) else x
    },
    logical = function(x) verbatim(ifelse(is.na(x), "null", tolower(as.character(x)))),
    integer = function(x) verbatim(ifelse(is.na(x), "null", sprintf("%d", x))),
    numeric = function(x) verbatim(vapply(x, yaml_number, ""))
  )
  text <- yaml::as.yaml(as_utf8_list(x), handlers = handlers, unicode = TRUE)
  # It leaves the bytes of its input as they are, without a mark.
  Encoding(text) <- "UTF-8"
  text
}

yaml_number <- function(x) {
  if (is.nan(x)) return(".nan")
  if (is.na(x)) return("null")
  if (is.infinite(x)) return(if (x > 0) ".inf" else "-.inf")
  format_whole(x)
}

# In UTC, with microseconds and without zone, as other clients write it.
utc_time <- function() {
  format(as.POSIXct(Sys.time()), "%Y-%m-%d %H:%M:%OS6", tz = "UTC")
}

# 32 hexadecimal digits; not drawn from the random numbers of the session, which belong to the user.
new_uuid <- function() {
  once <- c(format(as.numeric(Sys.time()), digits = 17), Sys.getpid(), Sys.info()[["nodename"]], tempfile())
  substr(cli::hash_sha256(paste(once, collapse = " ")), 1, 32)
}

# Of the bytes on disk: a connection would be decompressed on the way.
file_sha256 <- function(path) {
  cli::hash_raw_sha256(readBin(path, "raw", file.size(path)))
}

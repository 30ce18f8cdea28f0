folder_with <- function(paths, contents, env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  for (i in seq_along(paths)) {
    file <- as_native_path(file.path(folder, paths[[i]]))
    dir.create(dirname(file), recursive = TRUE, showWarnings = FALSE)
    writeBin(contents[[i]], file)
  }
  folder
}

test_that("a file goes up and comes down unchanged", {
  local_tracking()
  bytes <- as.raw(sample(0:255, 3e6, TRUE))
  folder <- folder_with("data.bin", list(bytes))
  with(run <- mlflow_start_run(), {
    listing <- expect_invisible(mlflow_log_artifact(file.path(folder, "data.bin"), "in/side"))
  })
  expect_identical(listing$path, "in/side/data.bin")
  expect_identical(listing$file_size, 3e6)
  back <- mlflow_download_artifacts("in/side/data.bin", run_id = mlflow_id(run))
  expect_identical(readBin(back, "raw", 4e6), bytes)
})

test_that("a folder's contents go up with all that is below", {
  local_tracking()
  paths <- c("a.txt", "empty", "sub dir/\u00e9 +%.txt")
  folder <- folder_with(paths, list(charToRaw("a"), raw(), charToRaw("b")))
  with(run <- mlflow_start_run(), listing <- mlflow_log_artifact(folder))
  expect_identical(listing$path, c("a.txt", "empty", "sub dir"))
  expect_identical(listing$is_dir, c(FALSE, FALSE, TRUE))
  expect_identical(listing$file_size, c(1, NA, NA))
  target <- withr::local_tempdir()
  back <- mlflow_download_artifacts("", run_id = mlflow_id(run), dst_path = target)
  expect_identical(as_utf8(list.files(back, recursive = TRUE)), paths)
  accented <- as_native_path(file.path(back, paths[[3]]))
  expect_identical(readLines(accented, warn = FALSE), "b")
  expect_identical(file.size(file.path(back, "empty")), 0)
})

test_that("a listing shows the root, and has its columns when empty", {
  local_tracking()
  with(run <- mlflow_start_run(), {
    expect_message(empty <- mlflow_list_artifacts(), paste0("Root URI: .*", mlflow_id(run)))
    expect_length(list.files(mlflow_download_artifacts("")), 0)
    mlflow_log_text(c("one", "two"), "notes/text.txt")
    expect_message(listing <- mlflow_list_artifacts("notes"), "Root URI")
  })
  expect_identical(
    empty, tibble::tibble(path = character(), is_dir = logical(), file_size = double())
  )
  expect_identical(listing$path, "notes/text.txt")
  uri <- paste0("runs:/", mlflow_id(run), "/notes")
  back <- mlflow_download_artifacts(artifact_uri = uri)
  expect_identical(readLines(file.path(back, "text.txt")), c("one", "two"))
  file <- paste0(mlflow_get_run(mlflow_id(run))$artifact_uri, "/notes/text.txt")
  expect_identical(readLines(mlflow_download_artifacts(artifact_uri = file)), c("one", "two"))
})

test_that("lists are written as JSON or YAML", {
  local_tracking()
  x <- list(levels = c("a", "b"), third = 1 / 3)
  with(run <- mlflow_start_run(), {
    mlflow_log_dict(x, "x.json")
    mlflow_log_dict(x, "x.yml")
  })
  json <- mlflow_download_artifacts("x.json", run_id = mlflow_id(run))
  expect_identical(jsonlite::fromJSON(json), x)
  yaml <- mlflow_download_artifacts("x.yml", run_id = mlflow_id(run))
  expect_equal(yaml::read_yaml(yaml), x, tolerance = 1e-15)
})

test_that("paths that leave the run's folder are refused before anything is sent", {
  local_session("http://server")
  file <- withr::local_tempfile(lines = "x")
  for (path in c("../up", "/etc", "a/../../b", "a\\b", "C:/x", "a//b", "file:/x", "a\nb")) {
    expect_error(mlflow_log_artifact(file, path, run_id = "r"), "Invalid path",
      class = "crateflow_error_invalid_input"
    )
  }
  expect_error(mlflow_download_artifacts("../x", run_id = "r"), "Invalid path")
})

test_that("a server cannot make a download leave its folder", {
  local_session("http://server")
  local_answers(function(request) {
    if (grepl("runs/get", request$url)) {
      json_answer(list(run = list(info = list(artifact_uri = "mlflow-artifacts:/0/r/artifacts"))))
    } else {
      json_answer(list(files = list(list(path = "..", is_dir = TRUE))))
    }
  })
  expect_error(mlflow_download_artifacts("x", run_id = "r"), "Invalid path")
})

test_that("what does not exist is an error, and leaves no file behind", {
  local_tracking()
  with(run <- mlflow_start_run(), {
    expect_error(mlflow_log_artifact("no-such-file"), "no-such-file", class = "crateflow_error_not_found")
  })
  target <- withr::local_tempdir()
  expect_error(
    mlflow_download_artifacts("none.txt", run_id = mlflow_id(run), dst_path = target),
    class = "crateflow_error_not_found"
  )
  expect_length(list.files(target, recursive = TRUE), 0)
})

test_that("runs that keep their files in a folder of this machine are read and written there", {
  local_tracking()
  place <- withr::local_tempdir()
  root <- artifact_root(paste0("file://", place), NULL)
  file <- withr::local_tempfile(lines = "x")
  upload_files(root, file, "a/b.txt")
  expect_identical(readLines(file.path(place, "a", "b.txt")), "x")
  target <- withr::local_tempdir()
  expect_identical(readLines(download(root, "a/b.txt", file.path(target, "c"))), "x")
  expect_error(download(root, "none", file.path(target, "d")), class = "crateflow_error_not_found")
  expect_error(artifact_root("s3://bucket/x", NULL), "--serve-artifacts", class = "crateflow_error")
})

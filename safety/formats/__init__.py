"""One module per family of files. A reader answers with a CalibrationMap, NotAnalysed or Refused."""
